// The table of all rows, sorted by the clicked column.

function startTable(data) {
  const state = { column: data.sorted_by, descending: data.descending };
  const heads = data.columns.map((column, index) => {
    const button = element("button", { type: "button", textContent: column.label, title: column.title });
    const head = element("th", { scope: "col", className: column.numeric ? "number" : "" }, button);
    button.addEventListener("click", () => {
      // Numbers start with the largest, unless smaller is better; names start with A.
      const descending = state.column === index ? !state.descending : column.numeric && !column.ascending;
      Object.assign(state, { column: index, descending });
      fillTable(data, state, heads);
    });
    return head;
  });
  byId("rows").tHead.append(element("tr", {}, ...heads));
  byId("table-note").textContent = data.note;
  fillTable(data, state, heads);
  showProblems(data.problems);
}

function fillTable(data, state, heads) {
  heads.forEach((head, index) => {
    const order = state.descending ? "descending" : "ascending";
    head.setAttribute("aria-sort", index === state.column ? order : "none");
  });
  const rows = sorted(data.rows, state.column, state.descending);
  byId("rows").tBodies[0].replaceChildren(...rows.map((row) => tableRow(data.columns, row)));
}

/** Sorts the rows; those without a value come last in either direction. */
function sorted(rows, column, descending) {
  const sign = descending ? -1 : 1;
  return [...rows].sort((one, other) => {
    const [a, b] = [one[column].value, other[column].value];
    if (a === null || b === null) return (a === null) - (b === null);
    return sign * (typeof a === "string" ? a.localeCompare(b, "en", { numeric: true }) : a - b);
  });
}

function tableRow(columns, row) {
  return element("tr", {}, ...row.map((cell, index) => tableCell(columns[index], cell)));
}

function tableCell(column, cell) {
  const made = element(column.head ? "th" : "td", { className: column.numeric ? "number" : "" });
  if (column.head) made.scope = "row";
  if (cell.title) made.title = cell.title;
  if (cell.value === null) made.append(element("span", { className: "empty", textContent: "–" }));
  else if (column.badge) made.append(element("span", { className: `badge ${cell.value}`, textContent: cell.text }));
  else made.append(cell.text);
  return made;
}

function showProblems(problems) {
  if (!problems.length) return;
  const list = element("ul", {}, ...problems.map((problem) => element("li", { textContent: problem })));
  byId("problems").append(element("p", { className: "note", textContent: "Records that could not be used, or only in part:" }), list);
}
