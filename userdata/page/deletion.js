// Deleting a tag or an image, after a confirmation that names what else goes.

import { element, failure, foreign, tell } from "./elements.js";
import { isIndex } from "./image.js";
import { digestOf, referrers, remove, tags as allTags } from "./registry.js";
import { number } from "./words.js";

/** `tag` is null for an image that was opened by its digest. */
export async function askToDelete(name, tag, top) {
  const leave = new AbortController();
  const body = element("div", {}, element("p", { role: "status" }, "Looking for the other tags of this image …"));
  const cancel = element("button", { type: "button" }, "Cancel");
  const confirm = element("button", { type: "button", className: "danger", disabled: true }, "Delete");
  const dialog = element("dialog", {}, element("h2", { id: "question" }, "Delete ", foreign(tag ?? top.digest), "?"), body, element("p", { className: "buttons" }, cancel, confirm));
  dialog.setAttribute("aria-labelledby", "question");
  cancel.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => {
    leave.abort();
    dialog.remove();
  });
  document.body.append(dialog);
  dialog.showModal();
  cancel.focus();
  try {
    const [others, attached] = await Promise.all([tagsOf(name, top.digest, leave.signal), referrers(name, top.digest, leave.signal)]);
    const same = others.filter((other) => other !== tag);
    const choice = choices(tag, same, top, attached);
    body.replaceChildren(choice.element);
    confirm.disabled = false;
    confirm.addEventListener("click", async () => {
      confirm.disabled = true;
      try {
        await remove(name, choice.onlyTheTag() ? tag : top.digest);
        dialog.close();
        location.hash = `#/${name}`;
        tell(choice.onlyTheTag() || !same.length ? `Deleted ${tag ?? top.digest}.` : `Deleted ${[tag, ...same].filter(Boolean).join(", ")}.`);
      } catch (error) {
        confirm.disabled = false;
        body.append(failure(error));
      }
    });
  } catch (error) {
    if (!leave.signal.aborted) body.replaceChildren(failure(error));
  }
}

/** Every tag of this digest: the registry itself names it, tag by tag. */
async function tagsOf(name, digest, signal) {
  const tags = await allTags(name, signal);
  const digests = await Promise.all(tags.map((tag) => digestOf(name, tag, signal).catch((error) => {
    // Deleted meanwhile.
    if (error.status === 404) return null;
    throw error;
  })));
  return tags.filter((_, at) => digests[at] === digest);
}

function choices(tag, same, top, attached) {
  const goes = [];
  if (same.length) goes.push(element("p", {}, "The other tags of the same image go with it:"), element("div", { className: "names", tabIndex: 0, role: "region", ariaLabel: "tags that go with it" }, element("ul", {}, same.map((each) => element("li", {}, foreign(each))))));
  else goes.push(element("p", {}, tag ? "The image goes with it: it has no other tag." : "It has no tag."));
  if (isIndex(top)) goes.push(element("p", {}, "The image of each platform stays, and can be pulled by its digest."));
  if (attached.length) goes.push(element("p", {}, `Signatures, SBOMs and the like that lose their image: ${attached.length}.`));
  goes.push(element("p", {}, "What is deleted can be restored for 30 days, by an administrator of the AWS account."));
  if (!tag || !same.length) return { element: element("div", {}, goes), onlyTheTag: () => false };
  const radio = (id, label, checked) => {
    const input = element("input", { type: "radio", name: "what", id, checked });
    return [input, element("p", {}, input, element("label", { htmlFor: id }, " ", label))];
  };
  const [only, onlyLine] = radio("only-the-tag", element("span", {}, "Only the tag ", foreign(tag), `. The image stays under ${number(same.length, "other tag")}.`), true);
  const [, allLine] = radio("the-image", "The image.", false);
  return { element: element("fieldset", {}, element("legend", {}, "What to delete"), onlyLine, allLine, element("div", { className: "goes" }, goes)), onlyTheTag: () => only.checked };
}
