/** Asking before something that cannot be taken back. */

import { fixed, h } from "./dom.js";

/**
 * Ask; Escape means no.
 *
 * @param {string} title
 * @param {string} text
 * @param {string} yes what the button says that does it
 * @param {string} no what the other one says
 * @returns {Promise<boolean>}
 */
export function sure(title, text, yes, no) {
  /** @type {HTMLDialogElement} */
  const dialog = fixed("question");
  return new Promise((resolve) => {
    const keep = h("button", { type: "button", class: "quiet", on: { click: () => dialog.close("no") } }, no);
    const act = h("button", { type: "button", class: "danger", on: { click: () => dialog.close("yes") } }, yes);
    dialog.returnValue = "no";
    dialog.replaceChildren(
      h("h2", { id: "question-title" }, title),
      h("p", {}, text),
      h("div", { class: "row" }, keep, act),
    );
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
    dialog.showModal();
    keep.focus();
  });
}
