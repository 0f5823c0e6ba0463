// The referrers API, which the engine has not: https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md
// An image's attachments (signatures, SBOMs) are kept in the specification's tag for them, an index. Without the API
// clients write this tag themselves: of two at the same time, one reads what the other is about to replace, and the
// other's attachment is lost. Here one at a time writes it, for all clients.
import tags from 'tags.js';

const INDEX = 'application/vnd.oci.image.index.v1+json';
const WAIT_MS = 20, PATIENCE_MS = 5000;

// PUT of a manifest. Without OCI-Subject in the answer the client writes the tag by itself. njs does not go on after a
// client that hung up, so it begins each change, and the header filter of its own request to the registry ends it.
async function put(r) {
    const attached = r.requestText && r.requestText.includes('"subject"') ? attachment(r) : null;
    tags.begin(r);
    const stored = await r.subrequest('/stored/PUT', {method: 'PUT', args: r.variables.args || ''});
    ['Location', 'Docker-Content-Digest', 'Content-Type'].forEach((name) => {
        if (stored.headersOut[name]) {
            r.headersOut[name] = stored.headersOut[name];
        }
    });
    if (attached && stored.status === 201) {
        attached.digest = stored.headersOut['Docker-Content-Digest'];
        const added = await alone(r, attached.subject, () => add(r, attached));
        if (added) {
            r.headersOut['OCI-Subject'] = attached.subject;
        }
    }
    r.return(stored.status, stored.responseText);
}

// GET of all attachments, or of those of one type.
async function list(r) {
    const type = r.args.artifactType;
    let found;
    try {
        const indexed = await read(r, r.variables.reference);
        found = await alive(r, indexed);
    } catch (error) {
        r.error(error.message);
        r.return(502);
        return;
    }
    if (type) {
        found = found.filter((each) => each.artifactType === type);
        r.headersOut['OCI-Filters-Applied'] = 'artifactType';
    }
    r.headersOut['Content-Type'] = INDEX;
    r.return(200, text(found));
}

// What the index says of a manifest; null if it has no subject. The engine has the last word about its form.
function attachment(r) {
    let manifest;
    try {
        manifest = JSON.parse(r.requestText);
    } catch (error) {
        return null;
    }
    const subject = manifest.subject && manifest.subject.digest;
    if (!/^sha256:[0-9a-f]{64}$/.test(subject || '')) {
        return null;
    }
    return {
        subject,
        mediaType: manifest.mediaType || r.headersIn['Content-Type'],
        size: r.requestBuffer.length,
        artifactType: manifest.artifactType || (manifest.config && manifest.config.mediaType),
        annotations: manifest.annotations,
    };
}

// Runs one after the other for the same subject, in all workers. Returns whether it succeeded.
async function alone(r, subject, action) {
    const key = r.variables.name + ' ' + subject, locks = ngx.shared && ngx.shared.subjects;
    if (!locks) {
        return false;
    }
    for (let waited = 0; !locks.add(key, 1); waited += WAIT_MS) {
        if (waited >= PATIENCE_MS) {
            return false;
        }
        await new Promise((done) => setTimeout(done, WAIT_MS));
    }
    try {
        return await action();
    } catch (error) {
        r.error(error.message);
        return false;
    } finally {
        locks.delete(key);
    }
}

async function add(r, attached) {
    const indexed = await read(r, attached.subject);
    const others = await alive(r, indexed.filter((each) => each.digest !== attached.digest));
    const index = others.concat([{
        mediaType: attached.mediaType,
        digest: attached.digest,
        size: attached.size,
        artifactType: attached.artifactType,
        annotations: attached.annotations,
    }]);
    tags.begin(r);
    const written = await ask(r, 'PUT', tag(attached.subject), text(index));
    return written.status === 201;
}

async function read(r, subject) {
    const answer = await ask(r, 'GET', tag(subject));
    const manifests = answer.status === 404 ? [] : answer.status === 200 && JSON.parse(answer.responseText).manifests;
    if (!Array.isArray(manifests)) {
        throw new Error('the attachments of ' + subject + ' cannot be read: ' + answer.status);
    }
    return manifests;
}

// The engine keeps a deleted attachment in the index, and takes no index with it.
async function alive(r, manifests) {
    const answers = await Promise.all(manifests.map((each) => ask(r, 'HEAD', each.digest)));
    return manifests.filter((_, number) => answers[number].status !== 404);
}

function ask(r, method, reference, body) {
    const path = '/stored/' + r.variables.name + '/manifests/' + reference;
    return r.subrequest(path, {method, body: body || '', args: ''});
}

const tag = (subject) => subject.replace(':', '-');
const text = (manifests) => JSON.stringify({schemaVersion: 2, mediaType: INDEX, manifests});

export default {put, list};
