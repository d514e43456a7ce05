// Helpers for elements, numbers and choices that all parts of the page share.

const byId = (id) => document.getElementById(id);

/** Creates an element with properties and children; text is never parsed as markup. */
function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes("-") || name === "role" || name === "for") made.setAttribute(name, value);
    else made[name] = value;
  }
  made.append(...children);
  return made;
}

const cssColour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const fixed = (value, digits) =>
  value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
const whole = (value) => fixed(value, 0);

/** Adds radio buttons to a fieldset; `choices` are {value, label}. */
function segments(fieldset, choices, selected, onChange) {
  for (const { value, label } of choices) {
    const input = element("input", { type: "radio", name: fieldset.id, value, checked: value === selected });
    input.addEventListener("change", () => onChange(value));
    fieldset.append(element("label", {}, input, element("span", { textContent: label })));
  }
}

/** Fills a select element; `choices` are {value, label}. */
function options(select, choices, selected) {
  select.replaceChildren(...choices.map(({ value, label }) => new Option(label, value, false, value === selected)));
}
