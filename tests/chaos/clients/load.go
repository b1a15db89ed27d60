// The load of a go-redis application; see README.md.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand"
	"os"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	keys     = 40
	counters = 8
)

type report struct {
	Commands     int            `json:"commands"`
	Errors       int            `json:"errors"`
	Acknowledged map[string]int `json:"acknowledged"`
	Unknown      map[string]int `json:"unknown"`
}

func connect(address string) *redis.Client {
	return redis.NewClient(&redis.Options{
		Addr:        address,
		PoolSize:    1,
		ReadTimeout: 20 * time.Second,
		// No retries of its own: a second INCR in place of a lost answer would count twice.
		MaxRetries: -1,
	})
}

func randomWrite(ctx context.Context, client *redis.Client, dice *rand.Rand, name string) error {
	key := dice.Intn(keys)
	switch dice.Intn(8) {
	case 0:
		return client.Set(ctx, fmt.Sprintf("text:%d", key), fmt.Sprintf("%s-%d", name, dice.Int()), 0).Err()
	case 1:
		return client.HSet(ctx, fmt.Sprintf("hash:%d", key), fmt.Sprintf("field%d", dice.Intn(5)), name).Err()
	case 2:
		return client.HIncrBy(ctx, fmt.Sprintf("tally:%d", key), "n", 1).Err()
	case 3:
		return client.SAdd(ctx, fmt.Sprintf("set:%d", key), dice.Intn(30)).Err()
	case 4:
		return client.SRem(ctx, fmt.Sprintf("set:%d", key), dice.Intn(30)).Err()
	case 5:
		member := redis.Z{Score: float64(dice.Intn(100)), Member: fmt.Sprintf("m%d", dice.Intn(10))}
		return client.ZAdd(ctx, fmt.Sprintf("rank:%d", key), member).Err()
	case 6:
		_, err := client.TxPipelined(ctx, func(pipe redis.Pipeliner) error {
			pipe.HSet(ctx, fmt.Sprintf("hash:%d", key), "pair", name)
			pipe.SAdd(ctx, fmt.Sprintf("set:%d", key), name)
			return nil
		})
		return err
	default:
		err := client.Get(ctx, fmt.Sprintf("text:%d", key)).Err()
		if err == redis.Nil {
			return nil
		}
		return err
	}
}

// isAnswer tells an error that the server sent, after which the command did not take place, from a lost connection.
func isAnswer(err error) bool {
	_, isServerError := err.(redis.Error)
	return isServerError
}

func main() {
	address, name := os.Args[1]+":"+os.Args[2], os.Args[3]
	commands, _ := strconv.Atoi(os.Args[4])
	seed, _ := strconv.ParseInt(os.Args[5], 10, 64)
	ctx, client, dice := context.Background(), connect(address), rand.New(rand.NewSource(seed))
	result := report{Acknowledged: map[string]int{}, Unknown: map[string]int{}}
	for result.Commands < commands {
		counter, err := "", error(nil)
		if dice.Intn(3) == 0 {
			counter = fmt.Sprintf("count:%d", dice.Intn(counters))
			err = client.Incr(ctx, counter).Err()
		} else {
			err = randomWrite(ctx, client, dice, name)
		}
		if err == nil {
			result.Commands++
			if counter != "" {
				result.Acknowledged[counter]++
			}
			continue
		}
		result.Errors++
		if counter != "" && !isAnswer(err) {
			result.Unknown[counter]++
		}
		time.Sleep(50 * time.Millisecond)
	}
	json.NewEncoder(os.Stdout).Encode(result)
}
