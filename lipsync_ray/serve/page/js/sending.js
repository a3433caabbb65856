/** An upload as a person sees it: a bar, how long it takes, a way to stop it, and what went wrong. */

import { announce, announceProgress } from "./announce.js";
import { focusOn, h } from "./dom.js";
import { faultBox } from "./fault_box.js";
import { asFault } from "./fault_words.js";
import { percent, roughly, size } from "./figures.js";
import { goToJob } from "./route.js";
import { send } from "./upload.js";

/**
 * @param {HTMLButtonElement} begin what begins it: hidden while it goes on
 * @param {(fault: import("./api.js").Fault) => void} onFault besides being told
 * @returns {{node: HTMLElement, upload: (fields: Object<string, string|File>) => Promise<void>, close: () => void}}
 */
export function sending(begin, onFault) {
  const node = h("div", { class: "sending" });
  let stop = new AbortController();

  const upload = async (fields) => {
    stop = new AbortController();
    const total = Object.values(fields).reduce((sum, one) => sum + (one instanceof File ? one.size : 0), 0);
    const bar = sendingBar(total, () => stop.abort());
    node.replaceChildren(bar.node);
    begin.hidden = true;
    focusOn(bar.title);
    try {
      const job = await send(fields, bar.update, stop.signal);
      announce("Everything has arrived. The files are being checked.");
      goToJob(job.id);
    } catch (error) {
      begin.hidden = false;
      const fault = asFault(error);
      node.replaceChildren();
      if (fault.code === "STOPPED") {
        announce("The upload was stopped.");
      } else {
        onFault(fault);
        node.append(faultBox(fault));
      }
      begin.focus();
    }
  };
  return { node, upload, close: () => stop.abort() };
}

/** What has been sent, and how long the rest will take. */
function sendingBar(total, onStop) {
  const began = performance.now();
  const title = h("h2", {}, "Uploading");
  const bar = h("progress", { max: 1, value: 0, "aria-label": "Uploaded" });
  const figures = h("p", { class: "figure" }, `0 of ${size(total)}`);
  const stop = h("button", { type: "button", class: "quiet", on: { click: onStop } }, "Stop the upload");
  const update = (sent, all) => {
    const share = all ? sent / all : 0;
    const left = share > 0.02 ? ((performance.now() - began) / 1000) * (1 / share - 1) : null;
    bar.value = share;
    const rest = share >= 1 ? "the service is taking it in" : left === null ? "" : `${roughly(left)} left`;
    figures.textContent = [percent(share), `${size(sent)} of ${size(all)}`, rest].filter(Boolean).join(" · ");
    announceProgress(`${percent(share)} uploaded`);
  };
  return {
    node: h("section", { class: "card" }, title, bar, h("div", { class: "row apart" }, figures, stop)),
    title,
    update,
  };
}
