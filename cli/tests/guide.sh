#!/bin/sh
# What docs/cli.md shows, run by the tests: against a sandbox that PAYNOW_API_BASE names, with a home of its own in which
# there are a key and a dump, and with pnb in the PATH.
set -eu

# --- a store under a name ---

pnb profiles add main --store-id 411486491630370816 --api-key-file ~/.paynow-key --default
pnb doctor

# --- looking ---

pnb lookup --java-name Notch
pnb lookup --xuid 2535432196048835 --json
pnb get 421621336637440000
pnb customers list --newest-first --limit 5

# --- changing ---

pnb ensure --uuid 069a79f4-44e9-4726-a5be-fca90e38aaf5 --name Notch
pnb create --steam-id 76561198000000001 --name Gordon --meta rank=vip
pnb update --steam-id 76561198000000001 --set name=Freeman --meta rank=admin

# --- all of them ---

pnb customers export --output customers.jsonl
pnb customers export --format csv --output customers.csv
pnb customers export | head -n 3

# --- players of a server ---

cat >whitelist.json <<'EOF'
[
  {"uuid": "069a79f4-44e9-4726-a5be-fca90e38aaf5", "name": "Notch"},
  {"uuid": "00000000-0000-0000-0009-01f1a2b3c4d5", "name": ".NewPlayer"}
]
EOF
pnb import whitelist.json --dry-run
pnb import whitelist.json --tag imported=2026-11
pnb import whitelist.json

# --- tokens ---

pnb tokens mint --java-name Notch --output token.txt
pnb get --current --token-file token.txt
pnb giftcard GIFT-2500-ALEX --token-file token.txt
pnb tokens revoke --java-name Notch

# --- anything else ---

pnb request GET '/v1/stores/{store_id}/customers?limit=3'

# --- support ---

pnb doctor --bundle for-support.json --yes

# --- what goes wrong ---

pnb sandbox plan --latency-ms 80 --jitter-ms 20
pnb sandbox plan --fail create_customer=503 --times 1 --after-effect
pnb sandbox plan
pnb sandbox log --limit 5
pnb sandbox plan --clear

# --- how requests went ---

pnb explain dump.jsonl
pnb explain dump.jsonl --failed --last 20

# --- the same once more ---

pnb sandbox plan --latency-ms 5
pnb replay dump.jsonl --speed 10
pnb sandbox reset

# --- in a script ---

if pnb lookup --java-name Nemo --json >customer.json 2>why.json; then
  echo 'is a customer'
elif [ $? -eq 3 ]; then
  echo 'is not a customer'
else
  cat why.json
fi
