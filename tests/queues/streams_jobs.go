// An application that reads streams by go-redis: streams_jobs work|produce HOST PORT DC NOTES [COUNT]; tests/lib/jobs.py says what it is to do.
// Without a group every reader reads every entry, and keeps for itself where it is. STREAM: the stream of all; otherwise each datacenter writes one of its own, and everybody reads them all.
// GROUP: a consumer group; then each entry is given to one reader, and the group is made at both datacenters.
package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

var (
	ctx     = context.Background()
	dc      = os.Args[4]
	group   = os.Getenv("GROUP")
	streams = []string{"eu-jobs", "us-jobs"}
	mine    = dc + "-jobs"
	client  = redis.NewClient(&redis.Options{Addr: os.Args[2] + ":" + os.Args[3], MaxRetries: -1, ReadTimeout: 5 * time.Second})
)

func note(words ...string) {
	notes, err := os.OpenFile(os.Args[5], os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		panic(err)
	}
	defer notes.Close()
	notes.WriteString(strings.Join(words, " ") + "\n")
}

// Asks until it is answered.
func answered(job string, ask func() error) {
	for {
		err := ask()
		if err == nil || err == redis.Nil || strings.HasPrefix(err.Error(), "BUSYGROUP") {
			return
		}
		if job != "" {
			note("unanswered", job)
		}
		fmt.Println(job, err)
		time.Sleep(200 * time.Millisecond)
	}
}

func each(ids func(stream string) string) []string {
	names := append([]string{}, streams...)
	for _, stream := range streams {
		names = append(names, ids(stream))
	}
	return names
}

func readAll() {
	last := map[string]string{}
	for _, stream := range streams {
		last[stream] = "0-0"
	}
	for {
		var found []redis.XStream
		answered("", func() (err error) {
			found, err = client.XRead(ctx, &redis.XReadArgs{Streams: each(func(stream string) string { return last[stream] }), Block: time.Second}).Result()
			return
		})
		for _, stream := range found {
			for _, entry := range stream.Messages {
				last[stream.Stream] = entry.ID
				note("done", entry.Values["job"].(string), dc)
			}
		}
	}
}

func workOn(stream string, entries []redis.XMessage) {
	for _, entry := range entries {
		if entry.Values == nil {
			continue
		}
		time.Sleep(20 * time.Millisecond)
		note("done", entry.Values["job"].(string), dc)
		answered("", func() error { return client.XAck(ctx, stream, group, entry.ID).Err() })
	}
}

// What a reader had in hand when its connection broke is claimed once nobody has looked at it for five seconds.
func readGroup() {
	me := dc + strconv.Itoa(os.Getpid())
	for _, stream := range streams {
		answered("", func() error { return client.XGroupCreateMkStream(ctx, stream, group, "0").Err() })
	}
	for {
		var found []redis.XStream
		answered("", func() (err error) {
			found, err = client.XReadGroup(ctx, &redis.XReadGroupArgs{Group: group, Consumer: me, Count: 1, Block: time.Second,
				Streams: each(func(string) string { return ">" })}).Result()
			return
		})
		for _, stream := range found {
			workOn(stream.Stream, stream.Messages)
		}
		if len(found) > 0 {
			continue
		}
		for _, stream := range streams {
			var entries []redis.XMessage
			answered("", func() (err error) {
				entries, _, err = client.XAutoClaim(ctx, &redis.XAutoClaimArgs{Stream: stream, Group: group, Consumer: me, MinIdle: 5 * time.Second, Start: "0-0", Count: 10}).Result()
				return
			})
			workOn(stream, entries)
		}
	}
}

func produce(count int) {
	for number := 0; number < count; number++ {
		job := fmt.Sprintf("%s-%d", dc, number)
		answered(job, func() error {
			return client.XAdd(ctx, &redis.XAddArgs{Stream: mine, Values: []string{"job", job}}).Err()
		})
		note("produced", job)
		time.Sleep(20 * time.Millisecond)
	}
}

func main() {
	if stream := os.Getenv("STREAM"); stream != "" {
		streams, mine = []string{stream}, stream
	}
	switch {
	case os.Args[1] == "produce":
		count, _ := strconv.Atoi(os.Args[6])
		produce(count)
	case group != "":
		readGroup()
	default:
		readAll()
	}
}
