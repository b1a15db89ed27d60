// What node-redis keeps of what it read (its client-side cache, RESP3): node_cache.js HOST PORT PORT-OF-THE-OTHER. It is asked once, and never old for long: not after a write of its own, of another's, of another
// datacenter's, or an expiry. Exits with an error otherwise.
"use strict";
const assert = require("assert");
const { createClient, BasicClientSideCache } = require("redis-newest");

const WAIT_MS = 30000;
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function comes(client, key, value) {
	const end = Date.now() + WAIT_MS;
	while ((await client.get(key)) !== value) {
		assert.ok(Date.now() < end, `${key} does not become ${value}`);
		await sleep(5);
	}
}

async function main(host, port, otherPort) {
	const cache = new BasicClientSideCache({ ttl: 0, maxEntries: 1000 });
	const cached = await createClient({ url: `redis://${host}:${port}`, RESP: 3, clientSideCache: cache }).connect();
	const here = await createClient({ url: `redis://${host}:${port}` }).connect(), there = await createClient({ url: `redis://${host}:${otherPort}` }).connect();
	await cached.set("nodecache:k", "1");
	await comes(cached, "nodecache:k", "1");
	const hits = cache.stats().hitCount;
	for (let i = 0; i < 100; i++) assert.strictEqual(await cached.get("nodecache:k"), "1");
	assert.strictEqual(cache.stats().hitCount - hits, 100);
	let value = 1;
	for (const who of [cached, here, there]) {
		value++;
		await who.set("nodecache:k", String(value));
		await comes(cached, "nodecache:k", String(value));
	}
	for (let i = 0; i < 300; i++) {
		await cached.set("nodecache:n", String(i));
		assert.strictEqual(await cached.get("nodecache:n"), String(i));
	}
	await cached.hSet("nodecache:h", "a", "1");
	assert.strictEqual(await cached.hGet("nodecache:h", "a"), "1");
	await cached.hSet("nodecache:h", "a", "2");
	assert.strictEqual(await cached.hGet("nodecache:h", "a"), "2");
	await here.set("nodecache:short", "1", { PX: 50 });
	await cached.get("nodecache:short");
	await comes(cached, "nodecache:short", null);
	for (const client of [cached, here, there]) client.destroy();
}

main(...process.argv.slice(2, 5)).catch((error) => { console.error(error); process.exit(1); });
