/** The people of a video, to say who speaks. */

import { freshId, h } from "./dom.js";
import { counted, percent } from "./figures.js";

/**
 * @param {{people?: import("./types.js").Person[], chosen?: string[]}} result
 * @param {import("./types.js").Options} options
 * @returns {{node: HTMLElement|null, valid: () => boolean, options: () => Object<string, any>}}
 */
export function peopleCard({ people = [], chosen = [] }, options) {
  if (!people.length || !options.options.some((option) => option.name === "speakers.rows")) {
    return { node: null, valid: () => true, options: () => ({}) };
  }
  const wrongId = freshId("nobody");
  const wrong = h("p", { class: "wrong", id: wrongId, role: "alert" });
  const boxes = people.map((person) =>
    h("input", { type: "checkbox", value: person.face, checked: chosen.includes(person.face), on: { change: () => wrong.replaceChildren() } }),
  );
  const picked = () => boxes.filter((box) => box.checked).map((box) => box.value);
  const titleId = freshId("who");
  const node = h(
    "section",
    { class: "card people", role: "group", "aria-labelledby": titleId, "aria-describedby": wrongId },
    h("h2", { id: titleId }, "Who speaks?"),
    h("p", { class: "dim" }, people.length > 1 ? "Whoever is ticked gets the new voice. Everybody else stays as they are." : "There is one person to be seen."),
    h("div", { class: "faces" }, ...people.map((person, index) => card(person, boxes[index], index))),
    wrong,
  );
  return {
    node,
    valid() {
      if (picked().length) return true;
      wrong.textContent = "Tick at least one person.";
      boxes[0].focus();
      return false;
    },
    options() {
      const same = [...picked()].sort().join() === [...chosen].sort().join();
      return same ? {} : { "speakers.rows": picked().map((face) => ({ face })) };
    },
  };
}

function card(person, box, index) {
  const talks = person.talks === null || person.talks === undefined ? null : `talks in ${percent(person.talks)} of the talk`;
  return h(
    "label",
    { class: "face" },
    box,
    h("img", { src: person.picture, alt: "", width: 112, height: 112, loading: "lazy" }),
    h(
      "span",
      { class: "face-about" },
      h("strong", {}, `Person ${index + 1}`),
      h("span", { class: "dim" }, `seen in ${percent(person.share)}, ${counted(person.shots, "shot")}`),
      talks && h("span", { class: "dim" }, talks),
    ),
  );
}
