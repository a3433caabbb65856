/** Play, step, scrub, and which sound is heard. */

import { freshId, h } from "./dom.js";
import { timecode } from "./figures.js";

const SOUNDS = [
  ["after", "After"],
  ["before", "Before"],
  ["none", "Off"],
];

/**
 * @param {{rate: number, seconds: number, hasBefore: boolean, marks: {start: number, stop: number}[]}} about
 * @returns {{node: HTMLElement, control: (clock: ReturnType<typeof import("./pair.js").pair>) => void, update: () => void, withoutBefore: () => void}}
 */
export function transport({ rate, seconds, hasBefore, marks }) {
  /** @type {ReturnType<typeof import("./pair.js").pair>|null} */
  let clock = null;
  const play = h("button", { type: "button", class: "main play" }, "Play");
  const earlier = h("button", { type: "button", class: "quiet", "aria-label": "One frame back" }, "− 1");
  const later = h("button", { type: "button", class: "quiet", "aria-label": "One frame on" }, "+ 1");
  const time = h("span", { class: "figure time" }, timecode(0, rate));
  const length = h("span", { class: "figure dim" });
  const scrub = h("input", {
    type: "range",
    class: "scrub",
    min: 0,
    max: seconds,
    step: 1 / rate,
    value: 0,
    "aria-label": "Time",
  });
  const sounds = soundChoice(hasBefore, (which) => clock?.hear(which));
  const full = h("button", { type: "button", class: "quiet" }, "Full screen");

  play.addEventListener("click", () => (clock?.playing ? clock.pause() : clock?.play()));
  earlier.addEventListener("click", () => clock?.step(-1));
  later.addEventListener("click", () => clock?.step(1));
  scrub.addEventListener("input", () => clock?.seek(Number(scrub.value)));
  full.addEventListener("click", () => node.parentElement?.requestFullscreen?.().catch(() => {}));

  const node = h(
    "div",
    { class: "transport" },
    h("div", { class: "timeline" }, markBand(marks, seconds), scrub),
    h(
      "div",
      { class: "row" },
      play,
      h("div", { class: "pair" }, earlier, later),
      h("p", { class: "clock" }, time, length),
      document.fullscreenEnabled && full,
    ),
    h("div", { class: "row apart" }, sounds.node, keys()),
  );
  return {
    node,
    control(given) {
      clock = given;
    },
    update() {
      if (!clock) return;
      const text = clock.playing ? (clock.held ? "Loading" : "Pause") : "Play";
      if (play.textContent !== text) play.textContent = text;
      time.textContent = timecode(clock.time, rate);
      length.textContent = ` / ${timecode(clock.seconds, rate)}`;
      scrub.max = String(clock.seconds);
      scrub.value = String(clock.time);
      scrub.style.setProperty("--share", String(clock.seconds ? clock.time / clock.seconds : 0));
      scrub.setAttribute("aria-valuetext", timecode(clock.time, rate));
    },
    withoutBefore: sounds.withoutBefore,
  };
}

function keys() {
  const key = (name) => h("kbd", {}, name);
  return h(
    "p",
    { class: "dim keys" },
    key("←"),
    " ",
    key("→"),
    " line, ",
    key(","),
    " ",
    key("."),
    " frames, ",
    key("Space"),
    " play",
  );
}

/** Stretches that a person should look at, above the line of time. */
function markBand(marks, seconds) {
  const cells = marks.map(({ start, stop }) => {
    const cell = h("span", { class: "mark" });
    cell.style.setProperty("--from", String(start / seconds));
    cell.style.setProperty("--length", String((stop - start) / seconds));
    return cell;
  });
  return h("div", { class: "marks", "aria-hidden": "true" }, ...cells);
}

function soundChoice(hasBefore, onChange) {
  const name = freshId("sound");
  const labels = new Map(
    SOUNDS.map(([value, text]) => {
      const input = h("input", {
        type: "radio",
        name,
        value,
        checked: value === "after",
        on: { change: () => onChange(value) },
      });
      return [value, h("label", {}, input, h("span", {}, text))];
    }),
  );
  const node = h("fieldset", { class: "tabs sound" }, h("legend", {}, "Sound"), ...labels.values());
  const withoutBefore = () => {
    if (labels.get("before")?.control.checked) labels.get("after").control.checked = true;
    labels.get("before")?.remove();
  };
  if (!hasBefore) withoutBefore();
  return { node, withoutBefore };
}
