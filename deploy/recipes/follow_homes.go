// A go-redis client that follows its users to their homes (docs/homes.md, away: redirect).
//
//	follow_homes HOST:PORT USER TIMES     adds 1 to user:USER:count TIMES times, wherever the user lives
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

const tries = 20

// HomeClient asks any datacenter first, and remembers where each user was found.
type HomeClient struct {
	first   string
	homes   map[string]string
	clients map[string]*redis.Client
}

func (c *HomeClient) client(address string) *redis.Client {
	if c.clients[address] == nil {
		c.clients[address] = redis.NewClient(&redis.Options{Addr: address})
	}
	return c.clients[address]
}

// Do runs a command of this user's at the user's home.
func (c *HomeClient) Do(ctx context.Context, user string, command ...any) (any, error) {
	var err error
	for try := 0; try < tries; try++ {
		address := c.first
		if home, ok := c.homes[user]; ok {
			address = home
		}
		var reply any
		reply, err = c.client(address).Do(ctx, command...).Result()
		if err == nil {
			return reply, nil
		}
		words := strings.Fields(err.Error())
		switch {
		case len(words) >= 4 && words[0] == "HOMEPORT" && words[1] == "HOME": // HOMEPORT HOME eu 192.0.2.10:7001
			c.homes[user] = words[3]
		case len(words) >= 2 && words[0] == "HOMEPORT" && words[1] == "HELD": // the user is being moved
		default:
			return nil, err
		}
		// Nothing was written. A home that is new may be known in one place and not yet in the other: do not run to and fro.
		time.Sleep(time.Duration(try) * 10 * time.Millisecond)
	}
	return nil, err
}

func main() {
	user := os.Args[2]
	times, _ := strconv.Atoi(os.Args[3])
	client := &HomeClient{first: os.Args[1], homes: map[string]string{}, clients: map[string]*redis.Client{}}
	for i := 0; i < times; i++ {
		reply, err := client.Do(context.Background(), user, "INCR", "user:"+user+":count")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Println(reply)
		time.Sleep(10 * time.Millisecond)
	}
}
