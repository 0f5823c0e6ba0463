// Which logins are guesses (see auth.conf): the name is a user's, and name and password were not right when they were
// checked last, or never were.
import crypto from 'crypto';
import fs from 'fs';

// Who may push is in this file too.
const users = '/etc/registry/users/pull';

// What to count it under: who guesses, and at whom. Empty if it is no guess; nginx checks no password of a stranger.
function key(r) {
    const login = r.headersIn.Authorization;
    if (!login || ngx.shared.right.has(fingerprint(login)) || !isUser(r.variables.remote_user)) {
        return '';
    }
    return r.headersIn['X-Real-IP'] + ' ' + r.variables.remote_user;
}

function isUser(name) {
    return Boolean(name) && ('\n' + fs.readFileSync(users, 'utf8')).includes('\n' + name + ':');
}

// A header filter. 403 is neither: it was not checked, or is right and may only pull.
function learn(r) {
    const login = r.headersIn.Authorization;
    if (r.status === 204) {
        ngx.shared.right.set(fingerprint(login), '');
    } else if (r.status === 401 && login) {
        ngx.shared.right.delete(fingerprint(login));
    }
}

function fingerprint(login) {
    return crypto.createHash('sha256').update(login).digest('base64');
}

export default {key, learn};
