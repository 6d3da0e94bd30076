// The client for JavaScript, unchanged, as pages use it: `client.mjs MODULES`. ANN_* and BOB_* name the keys
// of two users, FOLDERBRIDGE_URL the server. Ends with the first thing that is not as it must be.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { createRequire } from "node:module";

// What it takes a browser for granted.
globalThis.navigator ??= { onLine: true };
globalThis.localStorage ??= { getItem: () => null, setItem: () => {}, removeItem: () => {} };

const { Client, ClientConfig } = createRequire(process.argv[2] + "/")("backend.ai-client/backend.ai-client-node.js");
const url = process.env.FOLDERBRIDGE_URL;

async function connected(name) {
    const key = (what) => process.env[`${name}_BACKEND_${what}_KEY`];
    const client = new Client(new ClientConfig(key("ACCESS"), key("SECRET"), url));
    await client.get_manager_version();
    return client;
}

const digest = (bytes) => createHash("sha256").update(bytes).digest("hex");
const names = async (client) => (await client.vfolder.list()).map((folder) => folder.name);
const refused = async (action, status) => {
    const error = await action.then(
        () => assert.fail("it was not refused"),
        (error) => error,
    );
    assert.equal(error.statusCode, status, JSON.stringify(error));
};

// tus, as the pages around this client send it: it asks for a link and leaves the rest to another library.
async function uploaded(client, folder, path, content) {
    const link = await client.vfolder.create_upload_session(path, { size: content.length }, folder);
    const half = Math.floor(content.length / 2);
    for (const [from, to] of [[0, half], [half, content.length]]) {
        const asked = await fetch(link, { method: "HEAD", headers: { "Tus-Resumable": "1.0.0" } });
        assert.equal(asked.headers.get("upload-offset"), String(from));
        const headers = { "Tus-Resumable": "1.0.0", "Upload-Offset": String(from) };
        headers["Content-Type"] = "application/offset+octet-stream";
        const sent = await fetch(link, { method: "PATCH", headers, body: content.subarray(from, to) });
        assert.equal(sent.status, 204);
        assert.equal(sent.headers.get("upload-offset"), String(to));
    }
}

async function downloaded(client, folder, path) {
    const answer = await client.vfolder.download(path, folder);
    return Buffer.from(await answer.arrayBuffer());
}

const [ann, bob] = [await connected("ANN"), await connected("BOB")];
assert.equal(ann._config.apiVersionMajor >= 4, true);
const content = Buffer.from(Array.from({ length: 300_001 }, (_, at) => (at * 7919) % 251));

assert.equal((await ann.vfolder.list_hosts()).default, "folderbridge");
assert.equal((await ann.vfolder.create("photos", "folderbridge")).name, "photos");
await refused(ann.vfolder.create("photos", "folderbridge"), 400);
assert.deepEqual(await names(ann), ["photos"]);
assert.deepEqual(await names(bob), []);
await ann.vfolder.mkdir("albums/2026", "photos", true, true);
await uploaded(ann, "photos", "albums/2026/a b.bin", content);
const form = new FormData();
form.append("src", new Blob(["hello"]), "small.txt");
await ann.vfolder.uploadFormData(form, "photos");

const listed = await ann.vfolder.list_files("albums/2026", "photos");
assert.deepEqual(JSON.parse(listed.files).map((file) => [file.filename, file.size]), [["a b.bin", content.length]]);
assert.equal((await ann.vfolder.info("photos")).numFiles, 2);
assert.equal(digest(await downloaded(ann, "photos", "albums/2026/a b.bin")), digest(content));
await ann.vfolder.rename_file("small.txt", "tiny.txt", "photos");
assert.equal(String(await downloaded(ann, "photos", "tiny.txt")), "hello");

await refused(bob.vfolder.list_files("", "photos"), 404);
await ann.vfolder.invite("ro", ["bob@example.org"], "photos");
const [invitation] = (await bob.vfolder.invitations()).invitations;
await bob.vfolder.accept_invitation(invitation.id);
assert.equal(digest(await downloaded(bob, "photos", "albums/2026/a b.bin")), digest(content));
await refused(bob.vfolder.delete_files(["tiny.txt"], false, "photos"), 404);
await refused(bob.vfolder.create_upload_session("x", { size: 1 }, "photos"), 404);
await bob.vfolder.leave_invited("photos");
assert.deepEqual(await names(bob), []);

await refused(ann.vfolder.delete_files(["albums"], false, "photos"), 400);
await ann.vfolder.delete_files(["albums"], true, "photos");
assert.deepEqual(JSON.parse((await ann.vfolder.list_files("", "photos")).files).map((file) => file.filename), ["tiny.txt"]);
ann.vfolder.name = "photos";
await ann.vfolder.rename("pictures");
assert.deepEqual(await names(ann), ["pictures"]);
await ann.vfolder.delete("pictures");
await refused(ann.vfolder.info("pictures"), 404);
// It says whatever version the server has, so the folder is in the bin, which it cannot lead out of.
const left = (await ann.vfolder.list()).map((folder) => [folder.name, folder.status]);
assert.deepEqual(left, [["pictures", "delete-pending"]]);
assert.deepEqual(await names(bob), []);
console.log("every check passed");
