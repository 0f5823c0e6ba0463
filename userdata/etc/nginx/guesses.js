// Which logins are guesses (see auth.conf): the user exists, and this password was wrong at its last check or never
// checked.
import crypto from 'crypto';
import fs from 'fs';

// Push users are in this file too.
const users = '/etc/registry/users/pull';
const right = () => ngx.shared && ngx.shared.right;

// The key of the limit: address and user name. Empty if the login is no guess. nginx checks no password of an unknown
// user.
function key(r) {
    const login = r.headersIn.Authorization;
    if (!login || wasRight(login) || !isUser(r.variables.remote_user)) {
        return '';
    }
    return r.headersIn['X-Real-IP'] + ' ' + r.variables.remote_user;
}

function wasRight(login) {
    return Boolean(right()) && right().has(fingerprint(login));
}

function isUser(name) {
    return Boolean(name) && ('\n' + fs.readFileSync(users, 'utf8')).includes('\n' + name + ':');
}

// A header filter. 403 says nothing about the password: either it was not checked, or it is right and may only pull.
function learn(r) {
    const login = r.headersIn.Authorization;
    if (!right()) {
        return;
    }
    if (r.status === 204) {
        right().set(fingerprint(login), 1);
    } else if (r.status === 401 && login) {
        right().delete(fingerprint(login));
    }
}

function fingerprint(login) {
    return crypto.createHash('sha256').update(login).digest('base64');
}

export default {key, learn};
