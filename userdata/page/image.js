// What manifests and configurations say about an image.

const ATTACHED_TAG = /^sha256-[0-9a-f]{64}(?:\.\w+)?$/;
// The word for an attachment by a part of its type or of what it states.
const KINDS = [
  [/spdx|cyclonedx|sbom|syft/i, "SBOM"],
  [/provenance|slsa/i, "provenance"],
  [/in-toto|attestation|\.att$/i, "attestation"],
  [/cosign|signature|notary|simplesigning|\.sig$/i, "signature"],
  [/sigstore\.bundle/i, "signature or attestation"],
];

/** Whether a tag is only the place of a signature or of other attachments. */
export const isOfAttachments = (tag) => ATTACHED_TAG.test(tag);

export const isIndex = ({ document }) => Array.isArray(document.manifests);

export function platformOf({ platform } = {}) {
  if (!platform || platform.os === "unknown") return null;
  return [platform.os, platform.architecture, platform.variant].filter(Boolean).join("/");
}

/** The images of an index, without build attestations. */
export const images = ({ document }) => document.manifests.filter((each) => !isBuildAttestation(each));

/** BuildKit keeps them in the index: https://docs.docker.com/build/metadata/attestations/attestation-storage/ */
export const isBuildAttestation = ({ annotations } = {}) =>
  annotations?.["vnd.docker.reference.type"] === "attestation-manifest";

/** What a client downloads, compressed. */
export function downloadBytes({ document }) {
  return [document.config, ...(document.layers ?? [])].reduce((sum, each) => sum + (each?.size ?? 0), 0);
}

export function isImage({ document }) {
  return /image\.config|container\.image/.test(document.config?.mediaType ?? "");
}

/** "signature", "SBOM" or another word. */
export function kindOf({ artifactType, annotations = {}, mediaType = "" }) {
  const told = [...Object.values(annotations).filter((value) => /predicate|slsa|spdx|cyclonedx|in-toto/i.test(value)), artifactType, mediaType].join(" ");
  return KINDS.find(([pattern]) => pattern.test(told))?.[1] ?? "attachment";
}

/** Cosign's tags of this digest: https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md */
export const cosignTags = (digest) => [
  [`${digest.replace(":", "-")}.sig`, "signature"],
  [`${digest.replace(":", "-")}.att`, "attestation"],
  [`${digest.replace(":", "-")}.sbom`, "SBOM"],
];
