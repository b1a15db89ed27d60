// Counts for users where they live, with go-redis; see README.md.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"math/rand"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

var isOver atomic.Bool
var near map[string]string

type write [3]float64 // when it began, how many ms it took, redirects

type tally struct {
	Writes  []write        `json:"writes"`
	Counts  map[string]int `json:"counts"`
	Unknown map[string]int `json:"unknown"`
	Lost    int            `json:"lost"`
	Twice   int            `json:"twice"`
	Stale   int            `json:"stale"`
	Refused int            `json:"refused"`
}

type worker struct {
	tally
	first   string
	users   []string
	homes   map[string]string
	clients map[string]*redis.Client
}

func (w *worker) address(user string) string {
	if home, ok := w.homes[user]; ok {
		return home
	}
	return w.first
}

// What was sent and lost is not sent again.
func (w *worker) client(address string) *redis.Client {
	if w.clients[address] == nil {
		w.clients[address] = redis.NewClient(&redis.Options{Addr: address, PoolSize: 1, MaxRetries: -1, ReadTimeout: 30 * time.Second})
	}
	return w.clients[address]
}

func isToTryAgain(text string) bool {
	if strings.Contains(text, "is unknown") {
		return false
	}
	for _, words := range []string{"HOMEPORT HELD", "HOMEPORT UNREACHABLE", "HOMEPORT ISOLATED", "LOADING"} {
		if strings.HasPrefix(text, words) {
			return true
		}
	}
	return false
}

func wasRefused(err error) bool {
	var dial *net.OpError
	return errors.As(err, &dial) && dial.Op == "dial"
}

// The number and how often it was redirected; false: not known, or the end.
func (w *worker) countUp(user string) (int, int, bool) {
	seen, redirects := map[string]bool{}, 0
	for pause := 2 * time.Millisecond; !isOver.Load(); pause = min(2*pause, 100*time.Millisecond) {
		address := w.address(user)
		found, err := w.client(address).Incr(context.Background(), "user:"+user+":n").Result()
		if err == nil {
			return int(found), redirects, true
		}
		words := strings.Fields(err.Error())
		switch {
		case len(words) >= 4 && words[0] == "HOMEPORT" && words[1] == "HOME":
			seen[address] = true
			told := words[3]
			if other, ok := near[told]; ok {
				told = other
			}
			w.homes[user] = told
			redirects++
			if !seen[told] {
				continue
			}
		case isToTryAgain(err.Error()):
			w.Refused++
		case wasRefused(err):
		default:
			w.Unknown[user]++
			return 0, redirects, false
		}
		time.Sleep(pause)
	}
	return 0, redirects, false
}

func (w *worker) judge(user string, found int) {
	expected := w.Counts[user] + 1
	if found < expected {
		w.Lost += expected - found
	} else if most := expected + w.Unknown[user]; found > most {
		w.Twice += found - most
	}
	delete(w.Unknown, user)
	w.Counts[user] = found
}

func (w *worker) read(user string) {
	found, err := w.client(w.address(user)).Get(context.Background(), "user:"+user+":n").Int()
	if err == nil && found < w.Counts[user] || errors.Is(err, redis.Nil) {
		w.Stale++
	}
}

func (w *worker) run(pace time.Duration) {
	due := time.Now()
	for count := 1; !isOver.Load(); count++ {
		user, began := w.users[rand.Intn(len(w.users))], time.Now()
		found, redirects, isKnown := w.countUp(user)
		if isKnown {
			w.Writes = append(w.Writes, write{float64(began.UnixMilli()), float64(time.Since(began).Microseconds()) / 1000, float64(redirects)})
			w.judge(user, found)
			if count%10 == 0 {
				w.read(user)
			}
		}
		if due = due.Add(pace); time.Since(due) > time.Second {
			due = time.Now().Add(-time.Second)
		}
		time.Sleep(time.Until(due))
	}
}

func min(a, b time.Duration) time.Duration {
	if a < b {
		return a
	}
	return b
}

func pairs(text string) map[string]string {
	found := map[string]string{}
	for _, pair := range strings.Split(text, ",") {
		name, address, _ := strings.Cut(pair, "=")
		found[name] = address
	}
	return found
}

func main() {
	addresses := pairs(os.Args[1])
	near = pairs(os.Args[7])
	users, _ := strconv.Atoi(os.Args[4])
	count, _ := strconv.Atoi(os.Args[5])
	rate, _ := strconv.Atoi(os.Args[6])
	workers, done := make([]*worker, count), sync.WaitGroup{}
	for i := range workers {
		workers[i] = &worker{tally: tally{Writes: []write{}, Counts: map[string]int{}, Unknown: map[string]int{}}, first: addresses[os.Args[2]], homes: map[string]string{}, clients: map[string]*redis.Client{}}
		for number := i; number < users; number += count {
			workers[i].users = append(workers[i].users, os.Args[3]+strconv.Itoa(number))
		}
		done.Add(1)
		go func(w *worker) { w.run(time.Second * time.Duration(count) / time.Duration(rate)); done.Done() }(workers[i])
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
	isOver.Store(true)
	done.Wait()
	all := tally{Writes: []write{}, Counts: map[string]int{}, Unknown: map[string]int{}}
	for _, w := range workers {
		all.Writes = append(all.Writes, w.Writes...)
		for user, n := range w.Counts {
			all.Counts[user] = n
		}
		for user, n := range w.Unknown {
			all.Unknown[user] = n
		}
		all.Lost, all.Twice, all.Stale, all.Refused = all.Lost+w.Lost, all.Twice+w.Twice, all.Stale+w.Stale, all.Refused+w.Refused
	}
	_ = json.NewEncoder(os.Stdout).Encode(all)
}
