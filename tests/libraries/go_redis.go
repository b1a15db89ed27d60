// What applications do with go-redis: go_redis HOST PORT. Fails when something is not as with Redis.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

func must(isTrue bool, fact string, details ...any) {
	if !isTrue {
		fmt.Fprintln(os.Stderr, "not so:", fact, details)
		os.Exit(1)
	}
}

func main() {
	ctx := context.Background()
	client := redis.NewClient(&redis.Options{Addr: os.Args[1] + ":" + os.Args[2], PoolSize: 8})
	var all sync.WaitGroup
	for i := 0; i < 300; i++ {
		all.Add(1)
		go func() { defer all.Done(); client.Incr(ctx, "go:n") }()
	}
	all.Wait()
	must(client.Get(ctx, "go:n").Val() == "300", "300 increments", client.Get(ctx, "go:n"))
	must(client.HSet(ctx, "go:h", "a", 1, "b", "x").Val() == 2, "two fields")
	must(client.HGetAll(ctx, "go:h").Val()["b"] == "x", "fields")
	must(client.ZAdd(ctx, "go:z", redis.Z{Score: 1, Member: "a"}, redis.Z{Score: 2.5, Member: "b"}).Val() == 2, "two members")
	must(client.ZRangeWithScores(ctx, "go:z", 0, -1).Val()[1].Score == 2.5, "scores")
	answers, err := client.TxPipelined(ctx, func(pipe redis.Pipeliner) error {
		pipe.Set(ctx, "go:k", "v", 100*time.Second)
		pipe.Get(ctx, "go:k")
		return nil
	})
	must(err == nil && len(answers) == 2, "a transaction", err)
	err = client.Watch(ctx, func(tx *redis.Tx) error {
		client.Set(ctx, "go:k", "changed", 0)
		_, err := tx.TxPipelined(ctx, func(pipe redis.Pipeliner) error { return pipe.Set(ctx, "go:k", "lost", 0).Err() })
		return err
	}, "go:k")
	must(errors.Is(err, redis.TxFailedErr), "a watched key that changes ends the transaction", err)
	must(strings.Contains(client.Incr(ctx, "go:h").Err().Error(), "WRONGTYPE"), "an error")
	heard := client.Subscribe(ctx, "go:news")
	_, err = heard.Receive(ctx)
	must(err == nil && client.Publish(ctx, "go:news", "hello").Val() == 1, "one listener", err)
	message, err := heard.ReceiveMessage(ctx)
	must(err == nil && message.Payload == "hello", "a message", err)
	keys := 0
	for found := client.Scan(ctx, 0, "go:*", 2).Iterator(); found.Next(ctx); {
		keys++
	}
	must(keys == 4, "four keys", keys)
	script := redis.NewScript("return redis.call('INCRBY', KEYS[1], ARGV[1])")
	must(script.Run(ctx, client, []string{"go:script"}, 7).Val() == int64(7), "a script", script.Run(ctx, client, []string{"go:script"}, 0))
	secure := byTLS()
	must(secure.Get(ctx, "go:k").Val() == "changed", "a value by TLS", secure.Get(ctx, "go:k"))
	secure.Close()
	client.Close()
}

func byTLS() *redis.Client {
	options, err := redis.ParseURL("rediss://" + os.Args[1] + ":" + os.Getenv("TLS_PORT") + "/0")
	must(err == nil, "a URL", err)
	authority, err := os.ReadFile(os.Getenv("CA"))
	must(err == nil, "an authority", err)
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM(authority)
	options.TLSConfig = &tls.Config{ServerName: os.Args[1], RootCAs: trusted}
	return redis.NewClient(options)
}
