// One repository: its tags, and the space that they take.

import { element, failure, foreign, link, tell } from "./elements.js";
import { configuration, manifest, tags as allTags, usage } from "./registry.js";
import { downloadBytes, images, isImage, isIndex, isOfAttachments, kindOf, platformOf } from "./image.js";
import { growingList, searchField } from "./list.js";
import { byName, bytes, number, short, time } from "./words.js";

// More than these are counted when the reader asks for it.
const COUNTED_AT_ONCE = 30;

export async function showRepository(main, signal, name) {
  let tags, used;
  const count = element("p", { id: "count", role: "status" }, "Reading the tags …");
  main.replaceChildren(heading(name), count);
  try {
    [tags, used] = await Promise.all([allTags(name, signal), usage(name, signal).catch(() => null)]);
  } catch (error) {
    if (!signal.aborted) main.replaceChildren(heading(name), failure(error));
    return;
  }
  used ??= {};
  tags.sort(newestFirst(used));
  let wanted = "", withAttachments = false;
  const hidden = tags.filter(isOfAttachments).length;
  const matching = () => tags.filter((tag) => tag.toLowerCase().includes(wanted) && (withAttachments || !isOfAttachments(tag)));
  const list = growingList(`tags of ${name}`, (tag) => row(name, tag, used[tag]), (item, tag) => describe(item, name, tag, signal));

  function show() {
    const found = matching();
    list.show(found);
    const all = number(tags.length - (withAttachments ? 0 : hidden), "tag");
    count.textContent = wanted ? `${found.length.toLocaleString("en")} of ${all}` : all;
  }
  const search = searchField("Search tags", (text) => {
    wanted = text;
    show();
  });
  main.replaceChildren(heading(name), search, count, hidden ? attachmentsSwitch(hidden, (on) => { withAttachments = on; show(); }) : "", space(name, tags, signal), list.element);
  show();
}

function heading(name) {
  return element("h1", {}, foreign(name));
}

/** By the time of the last push where it is known; then by name, the highest version first. */
function newestFirst(used) {
  const pushed = (tag) => used[tag]?.pushed?.at ?? "";
  return (one, other) => (pushed(one) < pushed(other) ? 1 : pushed(one) > pushed(other) ? -1 : byName(other, one));
}

function attachmentsSwitch(count, changed) {
  const box = element("input", { type: "checkbox" });
  box.addEventListener("change", () => changed(box.checked));
  return element("p", {}, element("label", {}, box, ` Show ${number(count, "tag")} of signatures and other attachments`));
}

function row(name, tag, used) {
  return element("li", {}, link(`#/${name}:${tag}`, foreign(tag)), element("p", { className: "about" }), usedLine(used) ?? "");
}

/** Who pushed and pulled a tag, or null. */
export function usedLine(used) {
  const parts = [];
  if (used?.pushed) parts.push(["pushed ", time(used.pushed.at) ?? "", " by ", foreign(used.pushed.by)]);
  if (used?.pulled) parts.push(["pulled ", time(used.pulled.at) ?? "", " by ", foreign(used.pulled.by)]);
  if (used?.pulls_30_days) parts.push([`${number(used.pulls_30_days, "pull")} in 30 days`]);
  return parts.length ? element("p", { className: "about" }, parts.map((part) => element("span", {}, part))) : null;
}

/** Size, platforms, time and digest of a tag, once its row is seen. */
async function describe(item, name, tag, signal) {
  const about = item.querySelector(".about");
  about.textContent = "…";
  try {
    const top = await manifest(name, tag, signal);
    const parts = isIndex(top) ? await aboutIndex(name, top, signal) : await aboutImage(name, top, signal);
    about.replaceChildren(...[...parts, element("code", {}, short(top.digest))].filter(Boolean).map((part) => element("span", {}, part)));
  } catch (error) {
    if (!signal.aborted) about.textContent = error.message;
  }
}

async function aboutIndex(name, top, signal) {
  const found = images(top);
  const platforms = found.map(platformOf).filter(Boolean);
  const [first] = found;
  if (!first) return ["an empty index"];
  const [size, , made] = await aboutImage(name, await manifest(name, first.digest, signal), signal);
  return [platforms.length > 1 ? `${size} for ${platforms[0]}` : size, platformList(platforms), made];
}

const platformList = (platforms) => (platforms.length ? foreign(platforms.join(", ")) : null);

async function aboutImage(name, image, signal) {
  const size = bytes(downloadBytes(image));
  if (!isImage(image)) return [size, kindOf({ artifactType: image.document.artifactType ?? image.document.config?.mediaType }), null];
  const config = await configuration(name, image.document.config.digest, signal);
  const platform = config?.os ? platformOf({ platform: config }) : null;
  const made = time(config?.created);
  return [size, platform && foreign(platform), made && element("span", {}, "made ", made)];
}

/** What the tags' layers take in S3, each layer once. */
function space(name, tags, signal) {
  const text = element("span", { role: "status" });
  const button = element("button", { type: "button" }, "Count its space");
  const paragraph = element("p", { className: "space" }, button, " ", text);
  async function count() {
    button.disabled = true;
    const sizes = new Map();
    let read = 0;
    const add = async (reference) => {
      const found = await manifest(name, reference, signal);
      sizes.set(found.digest, found.size);
      for (const each of [found.document.config, ...(found.document.layers ?? [])]) if (each) sizes.set(each.digest, each.size);
      await Promise.all((found.document.manifests ?? []).map((child) => (sizes.has(child.digest) ? null : add(child.digest).catch(ignoreMissing))));
    };
    await Promise.all(tags.map(async (tag) => {
      await add(tag).catch(ignoreMissing);
      read += 1;
      if (read % 25 === 0) text.textContent = `${read} of ${number(tags.length, "tag")} …`;
    }));
    const sum = [...sizes.values()].reduce((total, each) => total + each, 0);
    text.textContent = `${bytes(sum)} in S3 for ${number(tags.length, "tag")}, each layer counted once`;
    button.remove();
  }
  const begin = () => count().catch((error) => {
    if (signal.aborted) return;
    button.disabled = false;
    tell(error.message);
  });
  button.addEventListener("click", begin);
  if (tags.length && tags.length <= COUNTED_AT_ONCE) begin();
  return paragraph;
}

// A tag that was deleted meanwhile, or an image of an index that is elsewhere.
function ignoreMissing(error) {
  if (error.status !== 404) throw error;
}
