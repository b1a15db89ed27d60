// Counts for users where they live, with ioredis; see README.md.
"use strict";
const Redis = require("ioredis");

const [addressText, home, prefix, userText, workerText, rateText, nearText] = process.argv.slice(2);
const pairs = (text) => Object.fromEntries(text.split(",").filter(Boolean).map((pair) => pair.split("=")));
const addresses = pairs(addressText), near = pairs(nearText);
const workers = Number(workerText);
const AGAIN = ["HOMEPORT HELD", "HOMEPORT UNREACHABLE", "HOMEPORT ISOLATED", "LOADING"];
const told = { writes: [], counts: {}, unknown: {}, lost: 0, twice: 0, stale: 0, refused: 0 };
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
let isOver = false;

class Worker {
	constructor(users) {
		this.users = users;
		this.homes = {};
		this.clients = {};
	}

	// What was sent and lost is not sent again; what could not be sent fails at once.
	async client(address) {
		let client = this.clients[address];
		if (!client) {
			const [host, port] = address.split(":");
			client = new Redis({ host, port: Number(port), lazyConnect: true, enableOfflineQueue: false, autoResendUnfulfilledCommands: false, maxRetriesPerRequest: 0, retryStrategy: null });
			client.on("error", () => {});
			this.clients[address] = client;
			await client.connect();
		}
		return client;
	}

	async drop(address) {
		const client = this.clients[address];
		delete this.clients[address];
		if (client) client.disconnect();
	}

	noteUnknown(user) {
		told.unknown[user] = (told.unknown[user] || 0) + 1;
	}

	// The number and how often it was redirected; null: not known, or the end.
	async countUp(user) {
		const seen = new Set();
		for (let redirects = 0, wait = 2; !isOver; wait = Math.min(2 * wait, 100)) {
			const address = this.homes[user] || addresses[home];
			let client;
			try {
				client = await this.client(address);
			} catch {
				await this.drop(address);
				await pause(wait);
				continue;
			}
			try {
				return [await client.incr(`user:${user}:n`), redirects];
			} catch (error) {
				const text = error.message;
				if (text.startsWith("HOMEPORT HOME ")) {
					seen.add(address);
					this.homes[user] = near[text.split(" ")[3]] || text.split(" ")[3];
					redirects++;
					if (!seen.has(this.homes[user])) continue;
				} else if (AGAIN.some((words) => text.startsWith(words)) && !text.includes("is unknown")) {
					told.refused++;
				} else {
					this.noteUnknown(user);
					await this.drop(address);
					return null;
				}
			}
			await pause(wait);
		}
		return null;
	}

	judge(user, found) {
		const expected = (told.counts[user] || 0) + 1;
		told.lost += Math.max(0, expected - found);
		told.twice += Math.max(0, found - expected - (told.unknown[user] || 0));
		delete told.unknown[user];
		told.counts[user] = found;
	}

	async read(user) {
		try {
			const client = await this.client(this.homes[user] || addresses[home]);
			if (Number(await client.get(`user:${user}:n`)) < told.counts[user]) told.stale++;
		} catch {
			// the next write sees to it
		}
	}

	async run() {
		const pace = workers * 1000 / Number(rateText);
		for (let due = performance.now(), count = 1; !isOver; count++) {
			const user = this.users[Math.floor(Math.random() * this.users.length)];
			const at = Date.now(), began = performance.now();
			const answer = await this.countUp(user);
			if (answer) {
				told.writes.push([at, Math.round((performance.now() - began) * 100) / 100, answer[1]]);
				this.judge(user, answer[0]);
				if (count % 10 === 0) await this.read(user);
			}
			due = Math.max(due + pace, performance.now() - 1000);
			await pause(Math.max(0, due - performance.now()));
		}
	}
}

async function main() {
	const names = Array.from({ length: Number(userText) }, (_, number) => prefix + number);
	const running = Array.from({ length: workers }, (_, index) => new Worker(names.filter((_, number) => number % workers === index)).run());
	process.stdin.resume();
	await new Promise((resolve) => process.stdin.on("end", resolve));
	isOver = true;
	await Promise.all(running);
	process.stdout.write(JSON.stringify(told) + "\n", () => process.exit(0));
}

main();
