// Removes a deleted manifest or layer from the caches of nginx, which itself has no directive for that. The keys are those
// of door/images.conf and door/inner.conf. njs runs for deletions and before an answer is cached, never for an answer from
// a cache.
import crypto from 'crypto';
import fs from 'fs';

const folders = {latest: '/run/nginx/manifests', lasting: '/var/cache/nginx-manifests'};
const types = [
    'application/vnd.docker.distribution.manifest.v2+json,',
    'application/vnd.docker.distribution.manifest.list.v2+json,',
    'application/vnd.oci.image.manifest.v1+json,',
    'application/vnd.oci.image.index.v1+json,',
];

const deleted = () => ngx.shared && ngx.shared.deleted;

// Every Accept that door/images.conf can compose.
const accepts = types.reduce((some, type) => some.concat(some.map((accept) => accept + type)), ['']);

// Before the client learns that it is gone. For every answer, because a deletion may succeed although its answer is lost.
function forget(r) {
    const path = pathOf(r);
    // An answer under way is not cached either.
    if (deleted()) {
        deleted().set(path, 1);
    }
    remove(folders.latest, r.variables.half_minute + ' ' + path);
    accepts.forEach((accept) => {
        remove(folders.latest, r.variables.half_minute + ' always ' + path + ' ' + accept);
        remove(folders.lasting, path + ' ' + accept);
    });
}

// Emptied first: a worker may have the file open (open_file_cache), and nginx ignores an empty file.
function remove(folder, key) {
    const file = folder + '/' + crypto.createHash('md5').update(key).digest('hex');
    try {
        fs.closeSync(fs.openSync(file, 'r+'));
        fs.writeFileSync(file, '');
        fs.unlinkSync(file);
    } catch (error) {
        if (error.code !== 'ENOENT') {
            ngx.log(ngx.ERR, 'a deleted manifest may be served for half a minute more: ' + error.message);
        }
    }
}

function pathOf(r) {
    return '/v2/' + r.variables.name + '/' + r.variables.kind + '/' + r.variables.reference;
}

// Where njs has no shared dictionaries, every manifest may have been, so none is kept.
function wasDeleted(r) {
    return !deleted() || deleted().has(pathOf(r)) ? '1' : '';
}

export default {forget, wasDeleted};
