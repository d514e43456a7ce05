// The picture viewer: pictures side by side, or two under a divider.

const KEY_STEPS = { ArrowLeft: -2, ArrowDown: -2, ArrowRight: 2, ArrowUp: 2, PageDown: -10, PageUp: 10 };

function startViewer(data) {
  byId("no-pictures").hidden = data.models.length > 0;
  byId("viewer").hidden = data.models.length === 0;
  if (!data.models.length) return;

  const state = {
    picture: 0,
    // Three stacked pictures cannot be compared on a phone.
    mode: matchMedia("(max-width: 760px)").matches ? "wipe" : "side",
    level: Math.min(4, data.levels),
    first: "0",
    second: "jpeg",
    split: 50,
  };
  const update = (change) => {
    Object.assign(state, change);
    showPictures(data, state);
  };
  thumbnails(data, update);
  const modes = [{ value: "side", label: "Side by side" }, { value: "wipe", label: "Slider" }];
  segments(byId("mode"), modes, state.mode, (mode) => update({ mode }));
  const shown = [
    ...data.models.map(({ name }, index) => ({ value: String(index), label: name })),
    { value: "jpeg", label: "JPEG 4:2:0, equal bytes" },
    { value: "original", label: "Original" },
  ];
  for (const slot of ["first", "second"]) {
    options(byId(slot), shown, state[slot]);
    byId(slot).addEventListener("change", (event) => update({ [slot]: event.target.value }));
  }
  startLevels(data, state, update);
  startDivider(state, update);
  byId("pictures-note").textContent = data.note;
  update({});
}

function thumbnails(data, update) {
  data.pictures.forEach((picture, index) => {
    const image = element("img", { src: picture.original.image, alt: picture.name });
    const button = element("button", { type: "button", title: picture.name }, image);
    button.addEventListener("click", () => update({ picture: index }));
    byId("thumbnails").append(button);
  });
}

function startLevels(data, state, update) {
  const slider = byId("level");
  slider.max = data.levels;
  slider.addEventListener("input", () => update({ level: Number(slider.value) }));
  for (const [id, step] of [["fewer", -1], ["more", 1]]) {
    byId(id).addEventListener("click", () => update({ level: state.level + step }));
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
  const first = shownIn("first", data, state);
  const second = shownIn("second", data, state);
  [...byId("thumbnails").children].forEach((button, index) =>
    button.setAttribute("aria-pressed", String(index === state.picture)),
  );
  showLevel(data, state);
  byId("side").hidden = state.mode !== "side";
  byId("wipe").hidden = state.mode !== "wipe";
  byId("first-label").textContent = state.mode === "side" ? "In the middle" : "Left";
  byId("second-label").textContent = state.mode === "side" ? "On the right" : "Right";
  if (state.mode === "side") {
    const panels = [original(picture), first, second].map((shown) => panel(data, picture, shown));
    byId("side").replaceChildren(...panels);
  } else {
    showWipe(data, first, second, state);
  }
}

function showLevel(data, state) {
  const slider = byId("level");
  slider.value = state.level;
  slider.setAttribute("aria-valuetext", `${state.level} of ${data.levels} levels`);
  byId("level-shown").textContent = `${state.level} of ${data.levels}`;
  byId("fewer").disabled = state.level <= 1;
  byId("more").disabled = state.level >= data.levels;
}

/** The content of a slot: {title, remark, image, bytes, …}, or {title, missing}. */
function shownIn(slot, data, state) {
  const picture = data.pictures[state.picture];
  const chosen = state[slot];
  if (chosen === "original") return original(picture);
  if (chosen === "jpeg") return equalJpeg(data, picture, referenceModel(slot, state), state.level);
  const model = data.models[Number(chosen)];
  return { ...stepOf(picture, Number(chosen), state.level), title: model.name, remark: `entropy coder: ${model.coder}` };
}

/** A model's file at a level; models with fewer levels stay at their last. */
const stepOf = (picture, index, level) => picture.models[index].at(level - 1) ?? picture.models[index].at(-1);

const original = (picture) => ({ ...picture.original, title: "Original", remark: "24 bits per pixel" });

/** The model whose size JPEG matches: the one in the other slot, or else the first. */
function referenceModel(slot, state) {
  const other = state[slot === "first" ? "second" : "first"];
  return Number.isNaN(Number(other)) ? 0 : Number(other);
}

function equalJpeg(data, picture, index, level) {
  const step = stepOf(picture, index, level);
  const title = "JPEG 4:2:0";
  if (step.jpeg === null) {
    return {
      title,
      missing:
        `JPEG cannot go this low: its smallest file of this picture has ${whole(picture.smallest_jpeg)} bytes, ` +
        `the file of ${data.models[index].name} has ${whole(step.bytes)}.`,
    };
  }
  const remark = `quality ${step.jpeg}, the best within the ${whole(step.bytes)} bytes of ${data.models[index].name}`;
  return { ...picture.jpegs[step.jpeg], title, remark };
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
  const key = JSON.stringify([state.picture, state.level, state.first, state.second]);
  if (stage.dataset.shown === key) return;
  stage.dataset.shown = key;
  byId("left-layer").replaceChildren(view(picture, first));
  byId("right-layer").replaceChildren(view(picture, second));
  byId("captions").replaceChildren(...[first, second].map((shown) => element("figure", {}, caption(data, shown))));
}
