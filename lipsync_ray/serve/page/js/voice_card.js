/** Choosing the voice for a video that was checked without one. */

import { h } from "./dom.js";
import { intake } from "./intake.js";
import { sending } from "./sending.js";
import { complainOf, voiceSlot } from "./slot.js";

/**
 * @param {import("./types.js").Options} options
 * @param {() => Object<string, any>|null} fields of the check that follows, with a voice; null: something is
 *   missing, and the person was told
 * @returns {{node: HTMLElement, close: () => void}}
 */
export function voiceCard({ limits }, fields) {
  const missing = h("p", { class: "wrong", role: "alert" });
  const slot = voiceSlot(limits, () => missing.replaceChildren());
  const begin = h("button", { type: "button", class: "main" }, "Upload and check again");
  const sent = sending(begin, (fault) => complainOf(fault, { audio: slot }));
  const unlisten = intake(null, slot);

  begin.addEventListener("click", () => {
    if (!slot.file) {
      missing.textContent = "Choose a voice first.";
      return;
    }
    const wanted = fields();
    if (!wanted) return;
    sent.upload({ ...wanted, options: JSON.stringify(wanted.options), audio: slot.file });
  });
  return {
    node: h("div", { class: "voice" }, slot.node, missing, h("div", { class: "row" }, begin), sent.node),
    close() {
      unlisten();
      sent.close();
      slot.close();
    },
  };
}
