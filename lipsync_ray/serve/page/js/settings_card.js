/** What draws the mouth, how carefully, and what is written. */

import { freshId, h } from "./dom.js";

const CONTAINERS = { mp4: "MP4", mov: "QuickTime (MOV)", mkv: "Matroska (MKV)" };

/**
 * @param {import("./types.js").Job} job whose choices are the first
 * @param {import("./types.js").Options} options
 * @param {string} given the consent that is known already
 * @returns {{node: HTMLElement, valid: () => boolean, fields: () => Object<string, string>}}
 */
export function settingsCard(job, options, given) {
  const engine = choiceGroup("Engine", options.engines, job.engine);
  const preset = presetTabs(options.presets, job.preset);
  const container = containers(options.containers, job.container);
  const consent = consentField(options.consent, given);
  const node = h("section", { class: "card settings" }, h("h2", {}, "How it is made"), engine.node, preset.node, container.node, consent.node);
  return {
    node,
    valid: consent.valid,
    fields() {
      const reference = consent.value();
      return { engine: engine.value(), preset: preset.value(), container: container.value(), ...(reference && { consent: reference }) };
    },
  };
}

function choiceGroup(title, choices, present) {
  const name = freshId("choice");
  const usable = choices.filter((choice) => choice.ready !== false);
  const first = usable.find((choice) => choice.name === present) ?? usable[0];
  const labels = choices.map((choice) => {
    const off = choice.ready === false;
    const input = h("input", { type: "radio", name, value: choice.name, checked: choice === first, disabled: off });
    const about = off ? `Not ready here: ${choice.why}` : choice.about;
    return h("label", { class: `choice ${off ? "off" : ""}` }, input, h("span", {}, h("strong", {}, choice.name.replaceAll("_", " ")), about && h("span", { class: "dim" }, about)));
  });
  const node = h("fieldset", { class: "choices" }, h("legend", {}, title), ...labels);
  return { node, value: () => node.querySelector("input:checked")?.value ?? present };
}

/** Presets side by side: what the chosen one means stands below. */
function presetTabs(choices, present) {
  const name = freshId("preset");
  const first = choices.find((choice) => choice.name === present) ?? choices[0];
  const about = h("p", { class: "dim small", "aria-live": "polite" }, first.about);
  const labels = choices.map((choice) => {
    const change = () => (about.textContent = choice.about);
    const input = h("input", { type: "radio", name, value: choice.name, checked: choice === first, on: { change } });
    return h("label", {}, input, h("span", {}, choice.name));
  });
  const node = h("fieldset", { class: "choices" }, h("legend", {}, "Preset"), h("div", { class: "tabs boxed" }, ...labels), about);
  return { node, value: () => node.querySelector("input:checked")?.value ?? present };
}

function containers(names, present) {
  const id = freshId("container");
  const select = h("select", { id }, ...names.map((name) => h("option", { value: name, selected: name === present }, CONTAINERS[name] ?? name)));
  return { node: h("div", { class: "field" }, h("label", { for: id }, "File"), select), value: () => select.value };
}

function consentField(needed, given) {
  const id = freshId("consent");
  const input = h("input", { id, type: "text", value: given, required: needed, autocomplete: "off", "aria-describedby": `${id}-hint ${id}-wrong`, on: { input: () => refuse("") } });
  const wrong = h("p", { class: "wrong", id: `${id}-wrong`, role: "alert" });
  const refuse = (text) => {
    wrong.textContent = text;
    if (text) input.setAttribute("aria-invalid", "true");
    else input.removeAttribute("aria-invalid");
  };
  const node = h(
    "div",
    { class: "field" },
    h("label", { for: id }, `Consent${needed ? "" : " (optional)"}`),
    h("p", { class: "dim", id: `${id}-hint` }, "Where the person’s consent is on record: a number, or an address. It goes into the record of the dub."),
    input,
    wrong,
  );
  return {
    node,
    value: () => input.value.trim(),
    valid() {
      const lacking = needed && !input.value.trim();
      refuse(lacking ? "This service dubs nobody without it." : "");
      if (lacking) input.focus();
      return !lacking;
    },
  };
}
