// The load of an ioredis application; see README.md.
"use strict";
const Redis = require("ioredis");

const KEYS = 40;
const COUNTERS = 8;
const [host, port, name, commandsText, seedText] = process.argv.slice(2);
const commands = Number(commandsText);

// A small seeded generator (mulberry32): a run can be repeated.
function makeDice(seed) {
	let state = seed >>> 0;
	return (limit) => {
		state = (state + 0x6d2b79f5) >>> 0;
		let mixed = Math.imul(state ^ (state >>> 15), state | 1);
		mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
		return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
	};
}

function connect() {
	const client = new Redis({
		host,
		port: Number(port),
		// A second INCR in place of a lost answer would count twice.
		maxRetriesPerRequest: 0,
		autoResendUnfulfilledCommands: false,
		enableOfflineQueue: true,
		retryStrategy: () => 100,
	});
	client.on("error", () => {}); // told by the commands that fail
	return client;
}

function randomWrite(client, dice) {
	const key = dice(KEYS);
	switch (dice(8)) {
	case 0: return client.set(`text:${key}`, `${name}-${dice(1e9)}`);
	case 1: return client.hset(`hash:${key}`, `field${dice(5)}`, name);
	case 2: return client.hincrby(`tally:${key}`, "n", 1);
	case 3: return client.sadd(`set:${key}`, dice(30));
	case 4: return client.srem(`set:${key}`, dice(30));
	case 5: return client.zincrby(`rank:${key}`, 1, `m${dice(10)}`);
	case 6: return client.get(`text:${key}`);
	default: return client.setex(`brief:${key}`, 3600, name);
	}
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function main() {
	const dice = makeDice(Number(seedText));
	const client = connect();
	const report = { commands: 0, errors: 0, acknowledged: {}, unknown: {} };
	const add = (tally, counter) => { tally[counter] = (tally[counter] || 0) + 1; };
	while (report.commands < commands) {
		const counter = dice(3) === 0 ? `count:${dice(COUNTERS)}` : null;
		try {
			if (counter) {
				await client.incr(counter);
				add(report.acknowledged, counter);
			} else {
				await randomWrite(client, dice);
			}
			report.commands++;
		} catch (error) {
			report.errors++;
			// An answer (ReplyError) says that it did not take place; anything else says nothing.
			if (counter && error.name !== "ReplyError") add(report.unknown, counter);
			await pause(50);
		}
	}
	client.disconnect();
	console.log(JSON.stringify(report));
}

main();
