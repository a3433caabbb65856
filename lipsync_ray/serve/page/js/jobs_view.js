/** All jobs of a person, newest first. */

import { announce } from "./announce.js";
import { ask, askUntilAnswered } from "./api.js";
import { focusOn, h } from "./dom.js";
import { ended } from "./events.js";
import { faultBox } from "./fault_box.js";
import { asFault } from "./fault_words.js";
import { jobRow } from "./job_row.js";
import { overall } from "./overall.js";
import { sure } from "./question.js";

const EVERY_MS = 5000;
const KINDS = [
  ["", "All"],
  ["dub", "Dubs"],
  ["triage", "Checks"],
  ["preview", "Previews"],
];

/** @returns {import("./types.js").View} */
export function jobsView() {
  const heading = h("h1", {}, "Your jobs");
  const list = h("ul", { class: "jobs" });
  const more = h("button", { type: "button", class: "quiet", hidden: true }, "Show older ones");
  const empty = h(
    "p",
    { class: "dim", hidden: true },
    "Nothing is here yet. ",
    h("a", { href: "#" }, "Dub a video"),
    ".",
  );
  const wrong = h("div");
  let stop = new AbortController(); // of what is being loaded
  let kind = "";
  let pages = 1;
  let timer = 0;

  const load = async () => {
    clearTimeout(timer);
    stop.abort(); // a late answer would show what is no longer asked for
    stop = new AbortController();
    const { signal } = stop;
    const jobs = [];
    let cursor = null;
    try {
      for (let page = 0; page < pages; page += 1) {
        const words = new URLSearchParams({ limit: "30", ...(kind && { kind }), ...(cursor && { cursor }) });
        const answer = await askUntilAnswered(`/v1/jobs?${words}`, { signal });
        jobs.push(...answer.jobs);
        cursor = answer.next;
        if (!cursor) break;
      }
    } catch (error) {
      if (!signal.aborted) wrong.replaceChildren(faultBox(asFault(error)));
      return;
    }
    wrong.replaceChildren();
    show(jobs);
    more.hidden = !cursor;
    empty.hidden = jobs.length > 0;
    if (jobs.some((job) => !ended(job.state))) timer = setTimeout(load, EVERY_MS);
  };

  /** Rows that have not changed stay as they are, and with them the focus. */
  const show = (jobs) => {
    const known = new Map([...list.children].map((row) => [row.dataset.told, row]));
    list.replaceChildren(...jobs.map((job) => known.get(toldOf(job)) ?? row(job)));
  };

  const row = (job) => {
    const node = jobRow(job, () => remove(job));
    node.dataset.told = toldOf(job);
    return node;
  };

  const remove = async (job) => {
    const yes = await sure(
      "Delete this job?",
      `“${job.video.name}” and everything that was made from it here will be gone.`,
      "Delete",
      "Keep it",
    );
    if (!yes) return;
    try {
      await ask(`/v1/jobs/${job.id}`, { method: "DELETE" });
      announce("The job is deleted.");
      await load();
      focusOn(heading);
    } catch (error) {
      wrong.replaceChildren(faultBox(asFault(error)));
    }
  };

  more.addEventListener("click", () => {
    pages += 1;
    load();
  });
  const pick = h(
    "fieldset",
    { class: "tabs" },
    h("legend", { class: "unseen" }, "Which jobs"),
    ...KINDS.map(([value, name]) => {
      const change = () => {
        kind = value;
        pages = 1;
        load();
      };
      const input = h("input", {
        type: "radio",
        name: "jobs-kind",
        value,
        checked: value === kind,
        on: { change },
      });
      return h("label", {}, input, h("span", {}, name));
    }),
  );
  load();
  const close = () => {
    stop.abort();
    clearTimeout(timer);
  };
  return { node: h("section", {}, heading, pick, wrong, list, empty, more), heading, close };
}

function toldOf(job) {
  return [job.id, job.state, job.position, Math.round(100 * (overall(job) ?? 0))].join(" ");
}
