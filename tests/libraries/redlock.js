// Locks by redlock, over ioredis, on keys that have a home: redlock.js HOST PORT PORT-OF-THE-OTHER. Holders at both datacenters contend; no two hold it at once. Exits with an error otherwise.
"use strict";
const assert = require("assert");
const Redis = require("ioredis");
const Redlock = require("redlock");

const TURNS = 20;
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function main(host, ...ports) {
	const clients = ports.map((port) => new Redis({ host, port: Number(port) }));
	let holders = 0, held = 0;
	const contend = async (client) => {
		const locks = new Redlock([client], { retryCount: 3000, retryDelay: 5, retryJitter: 5 });
		for (let turn = 0; turn < TURNS; turn++) {
			const lock = await locks.lock("lock:redlock", 30000);
			assert.strictEqual(++holders, 1);
			await sleep(1);
			await lock.extend(30000);
			held++;
			holders--;
			await lock.unlock();
		}
	};
	await Promise.all([...clients, ...clients].map(contend));
	assert.strictEqual(held, 2 * clients.length * TURNS);
	clients.forEach((client) => client.disconnect());
}

main(...process.argv.slice(2, 5)).catch((error) => { console.error(error); process.exit(1); });
