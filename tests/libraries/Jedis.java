// What applications do with Jedis: Jedis HOST PORT. Fails when something is not as with Redis.
import java.util.List;
import java.util.Map;
import redis.clients.jedis.JedisPooled;
import redis.clients.jedis.JedisPool;
import redis.clients.jedis.Pipeline;
import redis.clients.jedis.Response;
import redis.clients.jedis.Transaction;
import redis.clients.jedis.exceptions.JedisDataException;
import redis.clients.jedis.params.SetParams;

public class Jedis {
	static void must(boolean isTrue, String fact) {
		if (!isTrue) throw new AssertionError(fact);
	}

	public static void main(String[] arguments) {
		String host = arguments[0];
		int port = Integer.parseInt(arguments[1]);
		try (JedisPooled client = new JedisPooled(host, port)) {
			must(client.set("jedis:k", "v", SetParams.setParams().ex(100)).equals("OK"), "set");
			must(client.set("jedis:k", "w", SetParams.setParams().nx()) == null, "set again");
			must(client.hset("jedis:h", Map.of("a", "1", "b", "x")) == 2, "fields");
			must(client.hgetAll("jedis:h").equals(Map.of("a", "1", "b", "x")), "fields read");
			must(client.zadd("jedis:z", Map.of("a", 1.0, "b", 2.5)) == 2, "members");
			must(client.zrangeWithScores("jedis:z", 0, -1).get(1).getScore() == 2.5, "scores");
			try (Pipeline pipeline = client.pipelined()) {
				Response<Long> last = null;
				for (int i = 0; i < 500; i++) last = pipeline.incr("jedis:n");
				pipeline.sync();
				must(last.get() == 500, "500 increments");
			}
			try {
				client.incr("jedis:h");
				must(false, "no error");
			} catch (JedisDataException error) {
				must(error.getMessage().startsWith("WRONGTYPE"), error.getMessage());
			}
			must(client.eval("return redis.call('INCRBY', KEYS[1], ARGV[1])", List.of("jedis:script"), List.of("7")).equals(7L), "a script");
		}
		try (JedisPool pool = new JedisPool(host, port); redis.clients.jedis.Jedis one = pool.getResource(); redis.clients.jedis.Jedis other = pool.getResource()) {
			one.watch("jedis:k");
			other.set("jedis:k", "changed");
			Transaction transaction = one.multi();
			transaction.set("jedis:k", "lost");
			must(transaction.exec() == null, "a watched key that changes ends the transaction");
			must(other.get("jedis:k").equals("changed"), "what another one wrote stays");
		}
	}
}
