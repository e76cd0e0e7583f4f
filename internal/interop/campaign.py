"""Runs a campaign, kills it in the middle, and starts it again. See campaign."""

import json
import os
import subprocess
import sys
import time

from server import Server

SAMPLES = 50  # of memory, for the whole campaign


def main(mailboxes, each, latency, concurrency, exchange, ewsq, work):
    total = int(mailboxes) * int(each)
    targets, log = f'{work}/targets.csv', f'{work}/exchange.log'
    root = f'{os.path.dirname(os.path.abspath(__file__))}/../..'
    with Server(exchange, root, log, 'basic', False, '-fill', f'{mailboxes}x{each}', '-targets', targets, '-latency', latency) as server:
        only = f'{work}/filled.csv'
        with open(targets) as all_of_them, open(only, 'w') as some:  # without those of testdata/mail
            some.writelines(line for line in all_of_them if line.startswith(('mailbox,', 'user')))
        config = f'{work}/config.json'
        with open(config, 'w') as f:
            json.dump({
                'ewsUrl': server.url, 'quarantineMailbox': 'quarantine@example.test', 'access': 'fullAccess', 'allowPlainHTTP': True,
                'authentication': {'type': 'basic', 'username': 'EXAMPLE\\svc', 'password': 'svc-password'},
                'journalFile': f'{work}/journal.db',
                'throttling': {'unlimited': True},  # as this server is: else the preset bounds any campaign longer than its burst
            }, f)
        command = [ewsq, '-config', config, 'quarantine', '-targets', only, '-concurrency', concurrency, '-campaign', 'measured']
        name = f'BenchmarkCampaign/mailboxes={mailboxes}/messages={total}'
        begun = Run(command, log, f'{work}/begun.out')
        begun.watch(f'{name}/run=begun', total, until=total // 2)
        time.sleep(1)  # until the server has logged what the killed process asked for
        again = Run(command, log, f'{work}/again.out')
        again.watch(f'{name}/run=resumed', total)
    outcomes = again.outcomes()
    # What was being carried when the process was killed may stay undecided for a while.
    undecided = outcomes.get('undecided', 0)
    taken = outcomes.get('quarantined', 0) + outcomes.get('alreadyQuarantined', 0)
    if again.process.returncode != (1 if undecided else 0) or taken + undecided != total:
        raise SystemExit(f'the campaign ended with status {again.process.returncode}: {outcomes}; {again.errors()}')
    print(
        f'BenchmarkCampaignWhole/mailboxes={mailboxes}/messages={total}\t1\t{(begun.took + again.took) * 1e9 / total:.0f} ns/op\t{total / (begun.took + again.took) * 60:.0f} messages/min\t'
        f'{max(begun.most, again.most) / 1024:.1f} most-MiB\t{again.first:.2f} s-until-first-search\t'
        f'{begun.processor / max(begun.done, 1) * 1e3:.2f} cpu-ms/message\t{undecided} undecided', flush=True)


class Run:
    """One process of the campaign."""

    def __init__(self, command, log, out):
        self.log, self.out, self.done, self.most = log, out, 0, 0
        self.first, self.processor = float('nan'), 0.0
        self.logged = os.path.getsize(log)  # by earlier processes
        self.begin = time.monotonic()
        with open(out, 'w') as stdout, open(out + '.err', 'w') as stderr:
            self.process = subprocess.Popen(command, stdout=stdout, stderr=stderr)

    def watch(self, name, total, until=None):
        """Waits for the process to end, or kills it when so many targets are done."""
        shown = -total
        with open(self.out) as results, open(self.log) as log:
            log.seek(self.logged)
            while self.process.poll() is None:
                if self.first != self.first and 'FindItem' in log.read():
                    self.first = time.monotonic() - self.begin
                self.done += results.read().count('\n')
                rss = self.status()
                self.most = max(self.most, rss)
                if self.done - shown >= total / SAMPLES and rss:
                    shown = self.done
                    print(f'{name}/done={self.done}\t1\t{rss / 1024:.1f} rss-MiB\t{time.monotonic() - self.begin:.1f} s', flush=True)
                if until and self.done >= until:
                    self.process.kill()
                    self.process.wait()
                time.sleep(0.02)
        self.took = time.monotonic() - self.begin

    def status(self):
        """Returns the resident memory, in KiB, and keeps the processor time used."""
        try:
            with open(f'/proc/{self.process.pid}/stat') as stat:
                fields = stat.read().rsplit(')', 1)[1].split()
            self.processor = (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')
            with open(f'/proc/{self.process.pid}/status') as status:
                return next((int(line.split()[1]) for line in status if line.startswith('VmRSS')), 0)
        except (FileNotFoundError, ProcessLookupError):
            return 0

    def outcomes(self):
        """Returns how many targets have each outcome."""
        counts = {}
        with open(self.out) as results:
            for line in results:
                outcome = json.loads(line)['outcome']
                counts[outcome] = counts.get(outcome, 0) + 1
        return counts

    def errors(self):
        with open(self.out + '.err') as errors:
            return errors.read()[-2000:]


if __name__ == '__main__':
    main(*sys.argv[1:])
