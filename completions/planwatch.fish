# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_planwatch_global_optspecs
    string join \n color= h/help V/version
end

function __fish_planwatch_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_planwatch_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_planwatch_using_subcommand
    set -l cmd (__fish_planwatch_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c planwatch -n "__fish_planwatch_needs_command" -l color -d 'Colours: auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c planwatch -n "__fish_planwatch_needs_command" -s h -l help -d 'Print help'
complete -c planwatch -n "__fish_planwatch_needs_command" -s V -l version -d 'Print version'
complete -c planwatch -n "__fish_planwatch_needs_command" -f -a "run" -d 'Start a plan in the background, follow it here, and exit with its verdict'
complete -c planwatch -n "__fish_planwatch_needs_command" -f -a "attach" -d 'Follow a running plan from here on, and exit with its verdict'
complete -c planwatch -n "__fish_planwatch_needs_command" -f -a "logs" -d 'Read the logs of plans, or follow them'
complete -c planwatch -n "__fish_planwatch_needs_command" -f -a "ps" -d 'List running plans and those that ended within 24 hours'
complete -c planwatch -n "__fish_planwatch_needs_command" -f -a "tasks" -d 'Show what Luigi\'s tasks are doing: a table, a tree or a timeline'
complete -c planwatch -n "__fish_planwatch_needs_command" -f -a "why" -d 'Tell on one screen why a run ended as it did'
complete -c planwatch -n "__fish_planwatch_needs_command" -f -a "watch" -d 'Watch plans, their logs and their tasks on one screen'
complete -c planwatch -n "__fish_planwatch_needs_command" -f -a "serve" -d 'Serve plans and their logs over HTTP: a page, WebSocket, server-sent events, REST'
complete -c planwatch -n "__fish_planwatch_needs_command" -f -a "inspect" -d 'Print everything known of plans and their runs, as JSON'
complete -c planwatch -n "__fish_planwatch_needs_command" -f -a "stop" -d 'Stop plans: the whole tree of their processes'
complete -c planwatch -n "__fish_planwatch_needs_command" -f -a "restart" -d 'Stop plans if they run, and start them again as they were started'
complete -c planwatch -n "__fish_planwatch_needs_command" -f -a "signal" -d 'Send a signal to the main process of running plans'
complete -c planwatch -n "__fish_planwatch_needs_command" -f -a "wait" -d 'Wait until plans have ended, until a task has succeeded, or until a line appears'
complete -c planwatch -n "__fish_planwatch_needs_command" -f -a "up" -d 'Queue plans of a file, and start those whose turn it is'
complete -c planwatch -n "__fish_planwatch_needs_command" -f -a "down" -d 'Take plans out of the queue, and stop those that run'
complete -c planwatch -n "__fish_planwatch_needs_command" -f -a "check" -d 'Check a file of plans and print what it would run'
complete -c planwatch -n "__fish_planwatch_needs_command" -f -a "init" -d 'Write a commented plans.toml from what a folder holds'
complete -c planwatch -n "__fish_planwatch_needs_command" -f -a "record" -d 'Record standard input as a run of a plan'
complete -c planwatch -n "__fish_planwatch_needs_command" -f -a "verify" -d 'Prove that logs are whole'
complete -c planwatch -n "__fish_planwatch_needs_command" -f -a "rm" -d 'Remove plans that have ended, with their logs'
complete -c planwatch -n "__fish_planwatch_needs_command" -f -a "prune" -d 'Remove old segments and old plans by rule, and compress what stays'
complete -c planwatch -n "__fish_planwatch_needs_command" -f -a "doctor" -d 'Look for what would keep planwatch from working well on this machine'
complete -c planwatch -n "__fish_planwatch_needs_command" -f -a "demo" -d 'Run three real Luigi plans at once and follow them live'
complete -c planwatch -n "__fish_planwatch_needs_command" -f -a "completions" -d 'Print a completion script for a shell'
complete -c planwatch -n "__fish_planwatch_needs_command" -f -a "man" -d 'Print a manual page'
complete -c planwatch -n "__fish_planwatch_using_subcommand run" -s n -l name -d 'The plan\'s name' -r
complete -c planwatch -n "__fish_planwatch_using_subcommand run" -s C -l chdir -d 'Run the plan in this folder' -r -F
complete -c planwatch -n "__fish_planwatch_using_subcommand run" -s e -l env -d 'Set a variable of the plan\'s environment; its value is never stored' -r
complete -c planwatch -n "__fish_planwatch_using_subcommand run" -l env-file -d 'Read NAME=value lines into the plan\'s environment' -r -F
complete -c planwatch -n "__fish_planwatch_using_subcommand run" -l secret -d 'Cover the value of this variable with * in all that the plan prints, and in its command line' -r
complete -c planwatch -n "__fish_planwatch_using_subcommand run" -l stdin -d 'Give the plan this file as standard input instead of /dev/null' -r -F
complete -c planwatch -n "__fish_planwatch_using_subcommand run" -l if-running -d 'If the plan is running: fail (exit 5), attach to it, or replace it' -r -f -a "fail\t''
attach\t''
replace\t''"
complete -c planwatch -n "__fish_planwatch_using_subcommand run" -l timeout -d 'Stop the plan after this long (exit 124)' -r
complete -c planwatch -n "__fish_planwatch_using_subcommand run" -l stop-signal -d 'First signal of a stop' -r
complete -c planwatch -n "__fish_planwatch_using_subcommand run" -l stop-timeout -d 'Time between that signal and SIGKILL' -r
complete -c planwatch -n "__fish_planwatch_using_subcommand run" -l restart -d 'Start the plan again by itself: no, on-failure[:N] or always[:N], at most N times in a row' -r
complete -c planwatch -n "__fish_planwatch_using_subcommand run" -l verdict -d 'What success means: exit (the exit code, which counts in any case), luigi (its summary, where there is one) or file:NAME (it exists at the end); all must hold [default: exit and luigi]' -r
complete -c planwatch -n "__fish_planwatch_using_subcommand run" -l success-exit-codes -d 'Exit codes that count as success besides 0, as in 3,4' -r
complete -c planwatch -n "__fish_planwatch_using_subcommand run" -l segment-size -d 'Begin a new segment of the log at this size' -r
complete -c planwatch -n "__fish_planwatch_using_subcommand run" -l segment-age -d 'Begin a new segment at this age' -r
complete -c planwatch -n "__fish_planwatch_using_subcommand run" -l keep -d 'Keep this much log, as it lies on the disk: a size (10GiB), an age (30d), a count of segments (500), or free:SIZE, as much as leaves so much of the disk free; the strictest of several wins [default: 10GiB]' -r
complete -c planwatch -n "__fish_planwatch_using_subcommand run" -l compress -d 'Which segments are compressed (zstd): never, or sealed: those that are no longer written' -r
complete -c planwatch -n "__fish_planwatch_using_subcommand run" -l max-line -d 'Cut lines longer than this into pieces' -r
complete -c planwatch -n "__fish_planwatch_using_subcommand run" -l on-full -d 'When the log cannot be written: block the plan, or drop (and count) output' -r
complete -c planwatch -n "__fish_planwatch_using_subcommand run" -l sync -d 'Force the log to the disk at least this often [default: at rotation and at the end of a run]' -r
complete -c planwatch -n "__fish_planwatch_using_subcommand run" -l color -d 'Colours: auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c planwatch -n "__fish_planwatch_using_subcommand run" -s d -l detach -d 'Print the name and return as soon as the plan runs'
complete -c planwatch -n "__fish_planwatch_using_subcommand run" -l no-bridge -d 'Leave out the bridge, which makes the plan\'s Python report Luigi\'s events'
complete -c planwatch -n "__fish_planwatch_using_subcommand run" -l tied -d 'Stop the plan if this command dies'
complete -c planwatch -n "__fish_planwatch_using_subcommand run" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c planwatch -n "__fish_planwatch_using_subcommand attach" -s n -d 'Show this many lines of what was before [default: 10]; with --dir or --pid: the plan\'s name' -r
complete -c planwatch -n "__fish_planwatch_using_subcommand attach" -l lines -d 'Show this many lines of what was before [default: 10]' -r
complete -c planwatch -n "__fish_planwatch_using_subcommand attach" -l dir -d 'Take up the PlanExe run in this folder: its log.txt, the processes that carry it as RUN_ID_DIR, its 999-pipeline_complete.txt' -r -F
complete -c planwatch -n "__fish_planwatch_using_subcommand attach" -l pid -d 'Take up this process: its end, and the files it logs to' -r
complete -c planwatch -n "__fish_planwatch_using_subcommand attach" -l file -d 'A file to record, from its beginning; repeatable [default: where stdout and stderr of the process go, if those are files]' -r -F
complete -c planwatch -n "__fish_planwatch_using_subcommand attach" -l name -d 'The plan\'s name [default: the folder\'s, or what the process runs]' -r
complete -c planwatch -n "__fish_planwatch_using_subcommand attach" -l color -d 'Colours: auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c planwatch -n "__fish_planwatch_using_subcommand attach" -l all -d 'Take up every run folder in --dir, and new ones as they appear'
complete -c planwatch -n "__fish_planwatch_using_subcommand attach" -s d -l detach -d 'Return as soon as it is recorded; with --all: take up those that are there now'
complete -c planwatch -n "__fish_planwatch_using_subcommand attach" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c planwatch -n "__fish_planwatch_using_subcommand logs" -l connect -d 'Of another machine: the address that planwatch serve prints there, http://HOST:PORT/#token=… or unix:PATH. Tunnel: ssh -L 7717:127.0.0.1:7717 HOST' -r
complete -c planwatch -n "__fish_planwatch_using_subcommand logs" -l token-file -d 'The gateway\'s token, where the address does not tell it [default: $PLANWATCH_TOKEN]' -r -F
complete -c planwatch -n "__fish_planwatch_using_subcommand logs" -s n -l lines -l tail -d 'Only the last N records [default: 10 with -f, else all]' -r
complete -c planwatch -n "__fish_planwatch_using_subcommand logs" -l since -d 'Only records from this time on' -r
complete -c planwatch -n "__fish_planwatch_using_subcommand logs" -l until -d 'Only records up to this time' -r
complete -c planwatch -n "__fish_planwatch_using_subcommand logs" -s l -l level -d 'Only this level and worse: trace, debug, info, warning, error, critical (a line that names none is info)' -r
complete -c planwatch -n "__fish_planwatch_using_subcommand logs" -s g -l grep -d 'Only lines that this regular expression fits; repeated: any of them' -r
complete -c planwatch -n "__fish_planwatch_using_subcommand logs" -s x -l exclude -d 'No lines that this regular expression fits; repeated: none of them' -r
complete -c planwatch -n "__fish_planwatch_using_subcommand logs" -s s -l stream -d 'Only this stream: stdout, stderr, events, planwatch; may be repeated. Events, which the bridge reports, are shown in short and cat only if named here' -r
complete -c planwatch -n "__fish_planwatch_using_subcommand logs" -l task -d 'Only lines that speak of this task: its class, its name or its id, as a pattern; may be repeated' -r
complete -c planwatch -n "__fish_planwatch_using_subcommand logs" -l run -d 'Only this run' -r
complete -c planwatch -n "__fish_planwatch_using_subcommand logs" -l after -d 'Only records with a seq greater than this' -r
complete -c planwatch -n "__fish_planwatch_using_subcommand logs" -l cursor-file -d 'Keep the last seq shown in this file, and go on from it the next time' -r -F
complete -c planwatch -n "__fish_planwatch_using_subcommand logs" -s A -l after-context -d 'Also the N records after each' -r
complete -c planwatch -n "__fish_planwatch_using_subcommand logs" -s B -l before-context -d 'Also the N records before each' -r
complete -c planwatch -n "__fish_planwatch_using_subcommand logs" -s C -l context -d 'Also the N records around each' -r
complete -c planwatch -n "__fish_planwatch_using_subcommand logs" -s o -l output -d 'The form: short, cat (the plan\'s very bytes), json (as stored), logfmt, export (for systemd-journal-remote), otlp-json (for OpenTelemetry\'s collector)' -r -f -a "short\t''
cat\t''
json\t''
logfmt\t''
export\t''
otlp-json\t''"
complete -c planwatch -n "__fish_planwatch_using_subcommand logs" -l color -d 'Colours: auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c planwatch -n "__fish_planwatch_using_subcommand logs" -s f -l follow -d 'Go on with what comes'
complete -c planwatch -n "__fish_planwatch_using_subcommand logs" -l forever -d 'With -f: go on when the followed runs have ended'
complete -c planwatch -n "__fish_planwatch_using_subcommand logs" -l first-error -d 'Of each run only the first error, or the first record of the --level that is named'
complete -c planwatch -n "__fish_planwatch_using_subcommand logs" -l count -d 'Print how many records there are instead of the records'
complete -c planwatch -n "__fish_planwatch_using_subcommand logs" -l stats -d 'Print how many records there are of each level and task: a table, or JSON with -o json'
complete -c planwatch -n "__fish_planwatch_using_subcommand logs" -s r -l reverse -d 'Newest first'
complete -c planwatch -n "__fish_planwatch_using_subcommand logs" -s t -l timestamps -d 'Show the time of each line in full'
complete -c planwatch -n "__fish_planwatch_using_subcommand logs" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c planwatch -n "__fish_planwatch_using_subcommand ps" -s g -l group -d 'Only plans of this group of the queue' -r
complete -c planwatch -n "__fish_planwatch_using_subcommand ps" -s o -l output -d 'The form: table, json (one array) or jsonl' -r -f -a "table\t''
json\t''
jsonl\t''"
complete -c planwatch -n "__fish_planwatch_using_subcommand ps" -l color -d 'Colours: auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c planwatch -n "__fish_planwatch_using_subcommand ps" -s a -l all -d 'All plans, however old'
complete -c planwatch -n "__fish_planwatch_using_subcommand ps" -s q -l quiet -d 'Names only'
complete -c planwatch -n "__fish_planwatch_using_subcommand ps" -s h -l help -d 'Print help'
complete -c planwatch -n "__fish_planwatch_using_subcommand tasks" -l state -d 'Only tasks in this state: failed, broken, missing, running, pending, done, complete; may be repeated' -r
complete -c planwatch -n "__fish_planwatch_using_subcommand tasks" -l html -d 'Write one page that shows everything, readable without a network (-: standard output)' -r -F
complete -c planwatch -n "__fish_planwatch_using_subcommand tasks" -s o -l output -d 'The form: table, json (one array) or jsonl' -r -f -a "table\t''
json\t''
jsonl\t''"
complete -c planwatch -n "__fish_planwatch_using_subcommand tasks" -l color -d 'Colours: auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c planwatch -n "__fish_planwatch_using_subcommand tasks" -l tree -d 'What requires what'
complete -c planwatch -n "__fish_planwatch_using_subcommand tasks" -l timeline -d 'Bars over time'
complete -c planwatch -n "__fish_planwatch_using_subcommand tasks" -s f -l follow -d 'Go on until the run ends: on a terminal drawn anew, else a line a change'
complete -c planwatch -n "__fish_planwatch_using_subcommand tasks" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c planwatch -n "__fish_planwatch_using_subcommand why" -s o -l output -d 'The form: screen or json' -r -f -a "screen\t''
json\t''"
complete -c planwatch -n "__fish_planwatch_using_subcommand why" -l color -d 'Colours: auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c planwatch -n "__fish_planwatch_using_subcommand why" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c planwatch -n "__fish_planwatch_using_subcommand watch" -l connect -d 'Of another machine: the address that planwatch serve prints there, http://HOST:PORT/#token=… or unix:PATH. Tunnel: ssh -L 7717:127.0.0.1:7717 HOST' -r
complete -c planwatch -n "__fish_planwatch_using_subcommand watch" -l token-file -d 'The gateway\'s token, where the address does not tell it [default: $PLANWATCH_TOKEN]' -r -F
complete -c planwatch -n "__fish_planwatch_using_subcommand watch" -l color -d 'Colours: auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c planwatch -n "__fish_planwatch_using_subcommand watch" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c planwatch -n "__fish_planwatch_using_subcommand serve" -l listen -d 'Where to listen: ADDRESS:PORT, port 0 for a free one, or unix:PATH' -r
complete -c planwatch -n "__fish_planwatch_using_subcommand serve" -l token-file -d 'Keep the token in this file instead of making one at each start' -r -F
complete -c planwatch -n "__fish_planwatch_using_subcommand serve" -l allow-origin -d 'Also let pages of this origin ask, such as http://localhost:3000; may be repeated' -r
complete -c planwatch -n "__fish_planwatch_using_subcommand serve" -l allow-host -d 'Also answer to this name; may be repeated' -r
complete -c planwatch -n "__fish_planwatch_using_subcommand serve" -l max-clients -d 'Connections at the same time; further ones are told to come back' -r
complete -c planwatch -n "__fish_planwatch_using_subcommand serve" -l color -d 'Colours: auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c planwatch -n "__fish_planwatch_using_subcommand serve" -l no-token -d 'Ask nobody for a token; on this machine only'
complete -c planwatch -n "__fish_planwatch_using_subcommand serve" -l allow-remote -d 'Listen beyond this machine, where nothing is encrypted'
complete -c planwatch -n "__fish_planwatch_using_subcommand serve" -l allow-control -d 'Let plans be stopped and restarted'
complete -c planwatch -n "__fish_planwatch_using_subcommand serve" -l planexe -d 'Also speak as PlanExe\'s front end expects it; there the token may stand in ?token= or in the cookie planwatch_token'
complete -c planwatch -n "__fish_planwatch_using_subcommand serve" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c planwatch -n "__fish_planwatch_using_subcommand inspect" -l color -d 'Colours: auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c planwatch -n "__fish_planwatch_using_subcommand inspect" -s h -l help -d 'Print help'
complete -c planwatch -n "__fish_planwatch_using_subcommand stop" -s s -l signal -d 'First signal [default: the one given to run]' -r
complete -c planwatch -n "__fish_planwatch_using_subcommand stop" -l stop-timeout -d 'Time between that signal and SIGKILL [default: the one given to run]' -r
complete -c planwatch -n "__fish_planwatch_using_subcommand stop" -l color -d 'Colours: auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c planwatch -n "__fish_planwatch_using_subcommand stop" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c planwatch -n "__fish_planwatch_using_subcommand restart" -l stop-timeout -d 'Time between the stop signal and SIGKILL [default: the one given to run]' -r
complete -c planwatch -n "__fish_planwatch_using_subcommand restart" -l color -d 'Colours: auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c planwatch -n "__fish_planwatch_using_subcommand restart" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c planwatch -n "__fish_planwatch_using_subcommand signal" -s s -l signal -d 'The signal: a name such as USR1, or a number' -r
complete -c planwatch -n "__fish_planwatch_using_subcommand signal" -l color -d 'Colours: auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c planwatch -n "__fish_planwatch_using_subcommand signal" -s h -l help -d 'Print help'
complete -c planwatch -n "__fish_planwatch_using_subcommand wait" -l timeout -d 'Give up after this long (exit 124)' -r
complete -c planwatch -n "__fish_planwatch_using_subcommand wait" -l for -d 'What to wait for: exit, task=GLOB (it has succeeded), or log=REGEX' -r
complete -c planwatch -n "__fish_planwatch_using_subcommand wait" -l color -d 'Colours: auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c planwatch -n "__fish_planwatch_using_subcommand wait" -l any -d 'Return when the first has ended'
complete -c planwatch -n "__fish_planwatch_using_subcommand wait" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c planwatch -n "__fish_planwatch_using_subcommand up" -s f -l file -d 'The file of plans [default: plans.toml, else Procfile, in this folder]' -r -F
complete -c planwatch -n "__fish_planwatch_using_subcommand up" -s g -l group -d 'All plans of this group' -r
complete -c planwatch -n "__fish_planwatch_using_subcommand up" -s j -l jobs -d 'Plans at once [default: that of the file, else one for each processor]' -r
complete -c planwatch -n "__fish_planwatch_using_subcommand up" -l color -d 'Colours: auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c planwatch -n "__fish_planwatch_using_subcommand up" -l all -d 'Every plan of the file, which is also what no name means'
complete -c planwatch -n "__fish_planwatch_using_subcommand up" -l resume -d 'Go on with what was queued before the machine was restarted; what was cut off runs again'
complete -c planwatch -n "__fish_planwatch_using_subcommand up" -l foreground -d 'Stay until the plans have ended, and print what they print'
complete -c planwatch -n "__fish_planwatch_using_subcommand up" -s q -l quiet -d 'With --foreground: only say what begins and how it ends'
complete -c planwatch -n "__fish_planwatch_using_subcommand up" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c planwatch -n "__fish_planwatch_using_subcommand down" -s f -l file -d 'The file of plans [default: plans.toml, else Procfile, in this folder]' -r -F
complete -c planwatch -n "__fish_planwatch_using_subcommand down" -s g -l group -d 'All plans of this group' -r
complete -c planwatch -n "__fish_planwatch_using_subcommand down" -l stop-timeout -d 'Time between the stop signal and SIGKILL [default: the plan\'s own]' -r
complete -c planwatch -n "__fish_planwatch_using_subcommand down" -l color -d 'Colours: auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c planwatch -n "__fish_planwatch_using_subcommand down" -l all -d 'Everything that is queued, from whatever file'
complete -c planwatch -n "__fish_planwatch_using_subcommand down" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c planwatch -n "__fish_planwatch_using_subcommand check" -s f -l file -d 'The file of plans [default: plans.toml, else Procfile, in this folder]' -r -F
complete -c planwatch -n "__fish_planwatch_using_subcommand check" -s g -l group -d 'All plans of this group' -r
complete -c planwatch -n "__fish_planwatch_using_subcommand check" -s o -l output -d 'The form: table, json (one array) or jsonl' -r -f -a "table\t''
json\t''
jsonl\t''"
complete -c planwatch -n "__fish_planwatch_using_subcommand check" -l color -d 'Colours: auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c planwatch -n "__fish_planwatch_using_subcommand check" -l schema -d 'Only print the JSON Schema of plans.toml, for editors'
complete -c planwatch -n "__fish_planwatch_using_subcommand check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c planwatch -n "__fish_planwatch_using_subcommand init" -l color -d 'Colours: auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c planwatch -n "__fish_planwatch_using_subcommand init" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c planwatch -n "__fish_planwatch_using_subcommand record" -l verdict -d 'What success means: luigi or file:NAME; all that are given must hold [default: luigi]' -r
complete -c planwatch -n "__fish_planwatch_using_subcommand record" -l segment-size -d 'Begin a new segment of the log at this size' -r
complete -c planwatch -n "__fish_planwatch_using_subcommand record" -l segment-age -d 'Begin a new segment at this age' -r
complete -c planwatch -n "__fish_planwatch_using_subcommand record" -l keep -d 'Keep this much log, as it lies on the disk: a size (10GiB), an age (30d), a count of segments (500), or free:SIZE, as much as leaves so much of the disk free; the strictest of several wins [default: 10GiB]' -r
complete -c planwatch -n "__fish_planwatch_using_subcommand record" -l compress -d 'Which segments are compressed (zstd): never, or sealed: those that are no longer written' -r
complete -c planwatch -n "__fish_planwatch_using_subcommand record" -l max-line -d 'Cut lines longer than this into pieces' -r
complete -c planwatch -n "__fish_planwatch_using_subcommand record" -l on-full -d 'When the log cannot be written: block the plan, or drop (and count) output' -r
complete -c planwatch -n "__fish_planwatch_using_subcommand record" -l sync -d 'Force the log to the disk at least this often [default: at rotation and at the end of a run]' -r
complete -c planwatch -n "__fish_planwatch_using_subcommand record" -l color -d 'Colours: auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c planwatch -n "__fish_planwatch_using_subcommand record" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c planwatch -n "__fish_planwatch_using_subcommand verify" -l color -d 'Colours: auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c planwatch -n "__fish_planwatch_using_subcommand verify" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c planwatch -n "__fish_planwatch_using_subcommand rm" -l color -d 'Colours: auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c planwatch -n "__fish_planwatch_using_subcommand rm" -s h -l help -d 'Print help'
complete -c planwatch -n "__fish_planwatch_using_subcommand prune" -l keep -d 'Keep this much log of each plan: a size, an age, a count of segments, or free:SIZE: as much as leaves so much of the disk free' -r
complete -c planwatch -n "__fish_planwatch_using_subcommand prune" -l total -d 'Keep this much log of all these plans together' -r
complete -c planwatch -n "__fish_planwatch_using_subcommand prune" -l older-than -d 'Remove plans that ended longer ago than this' -r
complete -c planwatch -n "__fish_planwatch_using_subcommand prune" -l color -d 'Colours: auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c planwatch -n "__fish_planwatch_using_subcommand prune" -l dry-run -d 'Only say what would be removed'
complete -c planwatch -n "__fish_planwatch_using_subcommand prune" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c planwatch -n "__fish_planwatch_using_subcommand doctor" -l color -d 'Colours: auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c planwatch -n "__fish_planwatch_using_subcommand doctor" -l fix -d 'Mend what can be mended without a question: who may enter the home, and lnav\'s knowledge of the log\'s format'
complete -c planwatch -n "__fish_planwatch_using_subcommand doctor" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c planwatch -n "__fish_planwatch_using_subcommand demo" -l color -d 'Colours: auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c planwatch -n "__fish_planwatch_using_subcommand demo" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c planwatch -n "__fish_planwatch_using_subcommand completions" -l color -d 'Colours: auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c planwatch -n "__fish_planwatch_using_subcommand completions" -s h -l help -d 'Print help'
complete -c planwatch -n "__fish_planwatch_using_subcommand man" -l color -d 'Colours: auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c planwatch -n "__fish_planwatch_using_subcommand man" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c planwatch -n "__fish_planwatch_using_subcommand attach" -f -a "(planwatch ps -aq 2>/dev/null)"
complete -c planwatch -n "__fish_planwatch_using_subcommand logs" -f -a "(planwatch ps -aq 2>/dev/null)"
complete -c planwatch -n "__fish_planwatch_using_subcommand tasks" -f -a "(planwatch ps -aq 2>/dev/null)"
complete -c planwatch -n "__fish_planwatch_using_subcommand why" -f -a "(planwatch ps -aq 2>/dev/null)"
complete -c planwatch -n "__fish_planwatch_using_subcommand watch" -f -a "(planwatch ps -aq 2>/dev/null)"
complete -c planwatch -n "__fish_planwatch_using_subcommand inspect" -f -a "(planwatch ps -aq 2>/dev/null)"
complete -c planwatch -n "__fish_planwatch_using_subcommand stop" -f -a "(planwatch ps -aq 2>/dev/null)"
complete -c planwatch -n "__fish_planwatch_using_subcommand restart" -f -a "(planwatch ps -aq 2>/dev/null)"
complete -c planwatch -n "__fish_planwatch_using_subcommand signal" -f -a "(planwatch ps -aq 2>/dev/null)"
complete -c planwatch -n "__fish_planwatch_using_subcommand wait" -f -a "(planwatch ps -aq 2>/dev/null)"
complete -c planwatch -n "__fish_planwatch_using_subcommand verify" -f -a "(planwatch ps -aq 2>/dev/null)"
complete -c planwatch -n "__fish_planwatch_using_subcommand rm" -f -a "(planwatch ps -aq 2>/dev/null)"
complete -c planwatch -n "__fish_planwatch_using_subcommand prune" -f -a "(planwatch ps -aq 2>/dev/null)"
