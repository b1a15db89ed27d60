# An application that queues by Sidekiq: sidekiq_jobs.rb work|produce HOST PORT DC NOTES [COUNT]; tests/lib/jobs.py says what it is to do.
# Every fourth job is to run half a second later (a sorted set that a script pops from).
require "sidekiq"
require "sidekiq/cli"

ROLE, HOST, PORT, DC, NOTES, COUNT = ENV["SIDEKIQ_JOBS"] ? ENV["SIDEKIQ_JOBS"].split(" ") : ARGV
JOB_SECONDS = 0.02

def note(*words)
  File.open(NOTES, "a") { |notes| notes.write(words.join(" ") + "\n") }
end

class WorkOn
  include Sidekiq::Worker
  sidekiq_options queue: "jobs", retry: 5

  def perform(job)
    sleep JOB_SECONDS
    note "done", job, DC
  end
end

# Not sent again by the client itself, so that we know what got no answer.
redis = { url: "redis://#{HOST}:#{PORT}/0", reconnect_attempts: 0 }
Sidekiq.configure_server { |config| config.redis = redis }
Sidekiq.configure_client { |config| config.redis = redis }

def produce
  COUNT.to_i.times do |number|
    job = "#{DC}-#{number}"
    begin
      number % 4 == 3 ? WorkOn.perform_in(0.5, job) : WorkOn.perform_async(job)
    rescue Redis::BaseError => error
      note "unanswered", job
      puts "#{job}: #{error.inspect}"
      sleep 0.2
      retry
    end
    note "produced", job
    sleep 0.02
  end
end

if ROLE == "produce"
  produce
elsif !ENV["SIDEKIQ_JOBS"]
  # Sidekiq's own program works on the queue. It looks every second for jobs whose time has come, and not every 15 seconds for each process.
  ENV["SIDEKIQ_JOBS"] = ARGV.join(" ")
  settings = File.join(File.dirname(NOTES), "sidekiq.yml")
  File.write(settings, ":average_scheduled_poll_interval: 1\n:poll_interval_average: 1\n:concurrency: 1\n:queues: [jobs]\n")
  exec "sidekiq", "-C", settings, "-r", File.expand_path(__FILE__), "-e", "production"
end
