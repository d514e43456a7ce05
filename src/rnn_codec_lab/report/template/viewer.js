// The picture viewer: files within the same number of bytes, side by side or two under a divider.

const SLOTS = ["first", "second", "third"];
/** The rate shown first, in bits per pixel. */
const FIRST_RATE = 0.25;
const KEY_STEPS = { ArrowLeft: -2, ArrowDown: -2, ArrowRight: 2, ArrowUp: 2, PageDown: -10, PageUp: 10 };

function startViewer(data) {
  const models = data.codecs.filter(({ key }) => isModel(key));
  byId("no-pictures").hidden = models.length > 0;
  byId("viewer").hidden = models.length === 0;
  if (!models.length) return;

  const keys = [...data.codecs.filter(({ key }) => !isModel(key)).map(({ key }) => key), "original", "original"];
  const state = {
    picture: 0,
    // Three stacked pictures cannot be compared on a phone.
    mode: matchMedia("(max-width: 760px)").matches ? "wipe" : "side",
    rate: nearest(data.rates, FIRST_RATE),
    first: "0",
    second: keys[0],
    third: keys[1],
    split: 50,
  };
  const update = (change) => {
    Object.assign(state, change);
    showPictures(data, state);
  };
  thumbnails(data, update);
  const modes = [{ value: "side", label: "Side by side" }, { value: "wipe", label: "Slider" }];
  segments(byId("mode"), modes, state.mode, (mode) => update({ mode }));
  const shown = data.codecs.map(({ key, name, remark }) => ({ value: key, label: remark ? `${name}: ${remark}` : name }));
  shown.push({ value: "original", label: "Original" });
  for (const slot of SLOTS) {
    options(byId(slot), shown, state[slot]);
    byId(slot).addEventListener("change", (event) => update({ [slot]: event.target.value }));
  }
  startSizes(data, state, update);
  startDivider(state, update);
  byId("pictures-note").textContent = data.note;
  update({});
}

/** Models have numbers as keys, classic codecs have names. */
const isModel = (key) => !Number.isNaN(Number(key));

const nearest = (rates, wanted) =>
  rates.reduce((best, rate, index) => (Math.abs(rate - wanted) < Math.abs(rates[best] - wanted) ? index : best), 0);

function thumbnails(data, update) {
  data.pictures.forEach((picture, index) => {
    const image = element("img", { src: picture.original.image, alt: picture.name });
    const button = element("button", { type: "button", title: picture.name }, image);
    button.addEventListener("click", () => update({ picture: index }));
    byId("thumbnails").append(button);
  });
}

function startSizes(data, state, update) {
  const slider = byId("size");
  slider.max = data.rates.length - 1;
  slider.addEventListener("input", () => update({ rate: Number(slider.value) }));
  for (const [id, step] of [["smaller", -1], ["larger", 1]]) {
    byId(id).addEventListener("click", () => update({ rate: state.rate + step }));
  }
}

function startDivider(state, update) {
  const stage = byId("stage");
  const clamp = (value) => Math.min(100, Math.max(0, value));
  const follow = (event) => {
    const box = stage.getBoundingClientRect();
    update({ split: clamp((100 * (event.clientX - box.left)) / box.width) });
  };
  stage.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    stage.setPointerCapture(event.pointerId);
    follow(event);
    byId("divider").focus({ preventScroll: true, focusVisible: false });
    event.preventDefault();
  });
  stage.addEventListener("pointermove", (event) => {
    if (stage.hasPointerCapture(event.pointerId)) follow(event);
  });
  byId("divider").addEventListener("keydown", (event) => {
    const ends = { Home: 0, End: 100 };
    if (event.key in ends) update({ split: ends[event.key] });
    else if (event.key in KEY_STEPS) update({ split: clamp(state.split + KEY_STEPS[event.key]) });
    else return;
    event.preventDefault();
  });
}

function showPictures(data, state) {
  const picture = data.pictures[state.picture];
  const [first, second, third] = SLOTS.map((slot) => shownAs(state[slot], data, state));
  [...byId("thumbnails").children].forEach((button, index) =>
    button.setAttribute("aria-pressed", String(index === state.picture)),
  );
  showSize(data, state);
  const side = state.mode === "side";
  byId("side").hidden = !side;
  byId("third-field").hidden = !side;
  byId("wipe").hidden = side;
  byId("first-label").textContent = side ? "On the left" : "Left";
  byId("second-label").textContent = side ? "In the middle" : "Right";
  if (side) {
    byId("side").replaceChildren(...[first, second, third].map((shown) => panel(data, picture, shown)));
  } else {
    showWipe(data, first, second, state);
  }
}

function showSize(data, state) {
  const slider = byId("size");
  const bytes = whole(data.pictures[state.picture].sizes[state.rate]);
  const bpp = `${data.rates[state.rate]} bits per pixel`;
  slider.value = state.rate;
  slider.setAttribute("aria-valuetext", `at most ${bytes} bytes, ${bpp}`);
  byId("size-shown").textContent = `${bytes} bytes`;
  byId("size-shown").title = bpp;
  byId("smaller").disabled = state.rate === 0;
  byId("larger").disabled = state.rate === data.rates.length - 1;
}

/** What a codec shows at the chosen size: {title, remark, image, bytes, …}, or {title, missing}. */
function shownAs(key, data, state) {
  const picture = data.pictures[state.picture];
  if (key === "original") return { ...picture.original, title: "Original", remark: "24 bits per pixel" };
  const { name: title, remark } = data.codecs.find((codec) => codec.key === key);
  return { title, remark, ...(isModel(key) ? ofModel : ofClassic)(picture, key, data, state.rate, title) };
}

function ofModel(picture, key, data, rate) {
  const file = picture.models[key][rate];
  if (file === null) return { missing: `${whole(picture.sizes[rate])} bytes hold nothing of the picture.` };
  return { ...file, image: data.images[file.place] };
}

function ofClassic(picture, key, data, rate, title) {
  const { qualities, files, smallest } = picture.classics[key];
  const quality = qualities[rate];
  if (quality === null) {
    return { missing: `${title} cannot go this low: its smallest file of this picture has ${whole(smallest)} bytes.` };
  }
  return { ...files[quality], remark: `quality ${quality}, the best within the size` };
}

/** The image, or the reason why there is none. */
function view(picture, shown) {
  if (shown.missing) return element("p", { className: "missing", textContent: shown.missing });
  const alt = `${picture.name}: ${shown.title}`;
  return element("img", { src: shown.image, alt, decoding: "sync", draggable: false, width: picture.width, height: picture.height });
}

function panel(data, picture, shown) {
  const frame = element("div", { className: "frame" }, view(picture, shown));
  frame.style.aspectRatio = `${picture.width} / ${picture.height}`;
  return element("figure", {}, frame, caption(data, shown));
}

function caption(data, shown) {
  const made = element("figcaption", {}, element("strong", { textContent: shown.title }));
  if (shown.remark) made.append(element("span", { className: "remark", textContent: shown.remark }));
  const numbers = element("dl", { className: "numbers" });
  for (const { name, label, digits } of data.figures) {
    const value = shown[name];
    if (value === undefined || value === null) continue;
    numbers.append(element("div", {}, element("dt", { textContent: label }), element("dd", { textContent: fixed(value, digits) })));
  }
  made.append(numbers);
  return made;
}

function showWipe(data, first, second, state) {
  const picture = data.pictures[state.picture];
  const stage = byId("stage");
  stage.style.aspectRatio = `${picture.width} / ${picture.height}`;
  stage.style.setProperty("--split", `${state.split}%`);
  const divider = byId("divider");
  divider.setAttribute("aria-valuenow", String(Math.round(state.split)));
  divider.setAttribute("aria-valuetext", `${Math.round(state.split)} % ${first.title}, the rest ${second.title}`);
  // Moving the divider must not reload the images.
  const key = JSON.stringify([state.picture, state.rate, state.first, state.second]);
  if (stage.dataset.shown === key) return;
  stage.dataset.shown = key;
  byId("left-layer").replaceChildren(view(picture, first));
  byId("right-layer").replaceChildren(view(picture, second));
  byId("captions").replaceChildren(...[first, second].map((shown) => element("figure", {}, caption(data, shown))));
}
