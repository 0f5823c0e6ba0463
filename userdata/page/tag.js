// One image, by its tag or digest: what is in it, what is attached to it, and the lines to use it.

import { element, facts, failure, foreign, line, link, section } from "./elements.js";
import { askToDelete } from "./deletion.js";
import { configuration, host, manifest, referrers, tags as allTags, usage } from "./registry.js";
import { cosignTags, downloadBytes, images, isBuildAttestation, isImage, isIndex, kindOf, platformOf } from "./image.js";
import { usedLine } from "./repository.js";
import { bytes, number, short, time } from "./words.js";

export async function showTag(main, signal, { name, reference, mayPush }) {
  const isTag = !reference.includes(":");
  const title = element("h1", {}, link(`#/${name}`, foreign(name)), element("span", {}, isTag ? ":" : "@"), foreign(isTag ? reference : short(reference)));
  main.replaceChildren(title, element("p", { role: "status" }, "Reading the image …"));
  try {
    const top = await manifest(name, reference, signal);
    const used = isTag ? (await usage(name, signal).catch(() => null))?.[reference] : null;
    const body = element("div", {});
    main.replaceChildren(title, element("p", { className: "digest" }, element("code", {}, top.digest)), usedLine(used) ?? "", use(name, isTag ? reference : null, top), body, attached(name, top, signal));
    if (mayPush) main.append(deletion(name, isTag ? reference : null, top));
    await (isIndex(top) ? showIndex(body, signal, name, top) : showImage(body, signal, name, top));
  } catch (error) {
    if (!signal.aborted) main.replaceChildren(title, failure(error));
  }
}

function use(name, tag, { digest, document }) {
  const pod = name.split("/").at(-1).replace(/[^a-z0-9]+/g, "-");
  const lines = (reference, by) => [
    line(`docker pull by ${by}`, `docker pull ${reference}`),
    line(`podman pull by ${by}`, `podman pull ${reference}`),
    line(`kubectl run by ${by}`, `kubectl run ${pod} --image=${reference}`),
    line(`kubectl set image by ${by}`, `kubectl set image deployment/${pod} ${pod}=${reference}`),
  ];
  if (document.config && !isImage({ document })) return "";
  const byDigest = element("details", {}, element("summary", {}, "By digest, which never changes"), lines(`${host}/${name}@${digest}`, "digest"));
  byDigest.open = !tag;
  return section("Use it", tag ? lines(`${host}/${name}:${tag}`, "tag") : [], byDigest);
}

async function showIndex(body, signal, name, top) {
  const found = images(top);
  const attestations = top.document.manifests.filter(isBuildAttestation);
  const shown = element("div", {});
  const choose = element("select", { id: "platform" }, found.map((each) => element("option", { value: each.digest }, platformOf(each) ?? short(each.digest))));
  const choice = element("p", {}, element("label", { htmlFor: "platform" }, "Platform "), choose, ` of ${found.length}`);
  const showChosen = async () => {
    try {
      const image = await manifest(name, choose.value, signal);
      shown.replaceChildren(element("p", { className: "digest" }, link(`#/${name}@${image.digest}`, element("code", {}, image.digest))));
      const part = element("div", {});
      shown.append(part);
      const statements = attestations.filter((each) => each.annotations["vnd.docker.reference.digest"] === choose.value);
      if (statements.length) shown.append(await builds(name, statements, signal));
      await showImage(part, signal, name, image);
    } catch (error) {
      if (!signal.aborted) shown.replaceChildren(failure(error));
    }
  };
  choose.addEventListener("change", showChosen);
  body.replaceChildren(annotations(top.document.annotations), choice, shown);
  if (found.length) await showChosen();
}

/** What BuildKit states about the build of an image. */
async function builds(name, statements, signal) {
  const rows = [];
  for (const { digest } of statements) {
    const { document } = await manifest(name, digest, signal);
    for (const layer of document.layers ?? []) {
      const states = layer.annotations?.["in-toto.io/predicate-type"] ?? layer.mediaType;
      rows.push(element("li", {}, kindOf({ annotations: layer.annotations, mediaType: layer.mediaType }), " ", foreign(states), ` ${bytes(layer.size)}`));
    }
  }
  return section("Stated by its build", element("ul", {}, rows));
}

async function showImage(body, signal, name, image) {
  const { document } = image;
  const config = isImage(image) ? await configuration(name, document.config.digest, signal) : null;
  const made = time(config?.created);
  const run = config?.config ?? {};
  body.replaceChildren(...[
    section("Image", facts([
      ["Platform", config && foreign(platformOf({ platform: config }) ?? "unknown")],
      ["Made", made],
      ["Download", bytes(downloadBytes(image))],
      ["Type", config ? null : foreign(document.artifactType ?? document.config?.mediaType ?? image.type)],
      ["Entrypoint", words(run.Entrypoint)],
      ["Command", words(run.Cmd)],
      ["User", run.User && foreign(run.User)],
      ["Folder", run.WorkingDir && foreign(run.WorkingDir)],
      ["Ports", words(Object.keys(run.ExposedPorts ?? {}))],
      ["Volumes", words(Object.keys(run.Volumes ?? {}))],
      ["Author", config?.author && foreign(config.author)],
    ])),
    isImage(image) && config === null ? element("p", {}, "Its configuration is no JSON, or larger than a megabyte.") : null,
    annotations(document.annotations),
    pairs("Labels", Object.entries(run.Labels ?? {})),
    pairs("Environment", (run.Env ?? []).map((each) => split(String(each)))),
    layers(document.layers ?? []),
    history(config?.history),
  ].filter(Boolean));
}

const words = (list) => (Array.isArray(list) && list.length ? foreign(list.join(" ")) : null);

const split = (pair) => [pair.split("=", 1)[0], pair.slice(pair.indexOf("=") + 1)];

const annotations = (given) => pairs("Annotations", Object.entries(given ?? {})) ?? "";

function pairs(heading, entries) {
  if (!entries.length) return null;
  return section(heading, element("dl", {}, entries.map(([key, value]) => element("div", {}, element("dt", {}, foreign(key)), element("dd", {}, foreign(value))))));
}

function layers(list) {
  if (!list.length) return null;
  return section(number(list.length, "layer"), element("ol", { className: "layers" }, list.map((each) =>
    element("li", {}, element("code", {}, short(String(each.digest))), ` ${bytes(each.size)} `, element("small", {}, foreign(each.mediaType ?? ""))))));
}

function history(steps) {
  if (!Array.isArray(steps) || !steps.length) return null;
  return section("History", element("ol", { className: "history" }, steps.map((step) =>
    element("li", {}, foreign(step.created_by ?? step.comment ?? "a step without a name"), step.empty_layer ? "" : element("small", {}, " with a layer")))));
}

/** Signatures, attestations and SBOMs, by the referrers API and by cosign's tags. */
function attached(name, { digest }, signal) {
  const list = element("ul", {}, element("li", {}, "Looking …"));
  const found = [];
  const read = async () => {
    for (const each of await referrers(name, digest, signal)) {
      const about = each.annotations?.["org.opencontainers.image.created"];
      found.push(element("li", {}, link(`#/${name}@${each.digest}`, kindOf(each)), " ", foreign(each.artifactType ?? each.mediaType), ` ${bytes(each.size)} `, time(about) ?? ""));
    }
    const tags = new Set(await allTags(name, signal));
    for (const [tag, kind] of cosignTags(digest)) {
      if (tags.has(tag)) found.push(element("li", {}, link(`#/${name}:${tag}`, kind), " by cosign's tag"));
    }
    list.replaceChildren(...(found.length ? found : [element("li", {}, "Nothing is attached.")]));
  };
  read().catch((error) => {
    if (!signal.aborted) list.replaceChildren(element("li", {}, error.message));
  });
  return section("Signatures, attestations and SBOMs", list);
}

function deletion(name, tag, top) {
  const button = element("button", { type: "button", className: "danger" }, "Delete …");
  button.addEventListener("click", () => askToDelete(name, tag, top));
  return section("Delete", button);
}
