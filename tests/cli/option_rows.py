"""The table of what every option of every command does, for every kind of input."""

from __future__ import annotations

RX = "1 mg nightly at 22:00, for 7 d"
FILES = {
    "one.toml": f'regimen = "{RX}"\n',
    "old.toml": "# of an earlier day",
    "grid.toml": f'regimen = "{RX}"\n[[axes]]\nname = "dose"\nfield = "regimen.start"\n'
    'values = ["1 mg", "3 mg"]\n',
    "trial.toml": '[population]\nsize = 4\nscale = 0.3\n[[regimens]]\nname = "placebo"\n'
    'prescription = "placebo nightly at 22:00, for 2 wk"\n[[regimens]]\nname = "drug"\n'
    'prescription = "4.5 mg nightly at 22:00, for 2 wk"\n[[axes]]\nname = "hypothesis"\n'
    'field = "hypothesis"\nvalues = ["dual_pathway", "tonic"]\n[output]\nvariables = ["pain"]\n'
    "summaries = []\nnight = false\nledger = false\n",
    "errors.toml": '[pain]\ntitle = "Pain"\nvariable = "pain"\nscale = "difference"\n'
    'between_sd = 1.0\nassay_sd = 0.0\ngrade = "assumed"\nnote = "assumed"\n',
    "choose.toml": f'regimen = "{RX}"\n[optimise]\nutility = {{ pain_change = -1.0 }}\n'
    'free = [{ field = "regimen.target", values = ["1 mg", "1.5 mg", "3 mg"] }]\n',
    "doses.csv": "TIME,AMT,EVID\n22,1,1\n",
}
GUIDED = "1 mg nightly, every 2 d +1 mg if burden < 0.2, to 3 mg, for 7 d"
FILES["guided.toml"] = FILES["grid.toml"].replace(RX, GUIDED)
TRIAL = ["trial.toml", "--select", "hypothesis=tonic", "--trials", "20", "--per-arm", "4"]
RIVALS = ["grid.toml", "--hypothesis", "tonic", "--hypothesis", "null", "--weeks", "1", "--clock",
          "02:00,14:00"]  # fmt: skip
DRAWN = [*RIVALS, "--members", "4"]

# What an option does: another output (OUT), a file (FILE), another call of the library where a run
# would take long (CALL), nothing but another way to the same bits (SAME), or it is refused (NO).
OUT, FILE, CALL, SAME, NO = "out", "file", "call", "same", "no"
Row = tuple[str, list[str], list[str], str]
ROWS: list[Row] = [
    ("simulate", [RX], ["--plot", "p.png"], FILE),
    ("simulate", [RX], ["--hypothesis", "tonic"], OUT),
    ("simulate", [RX], ["--phenotype", "depleted"], OUT),
    ("simulate", [RX], ["--set", "ka=0.3"], OUT),
    ("simulate", [RX], ["--threads", "1"], SAME),
    ("simulate", ["doses.csv"], ["--hypothesis", "tonic"], OUT),
    ("export sbml", ["doses.csv"], ["--set", "ka=0.3"], OUT),
    ("export sbml", ["doses.csv"], ["--run", "0"], NO),
    ("sensitivity", ["doses.csv"], ["--phenotype", "depleted"], OUT),
    ("sensitivity", ["doses.csv"], ["--select", "dose=1 mg"], NO),
    *(
        (command, [what], option, effect)
        for command in ("export sbml", "export antimony")
        for what, option, effect in (
            (RX, ["--out", "p.xml" if command.endswith("sbml") else "p.ant"], FILE),
            (RX, ["--run", "0"], NO),
            (RX, ["--select", "dose=1 mg"], NO),
            (RX, ["--hypothesis", "tonic"], OUT),
            (RX, ["--phenotype", "depleted"], OUT),
            (RX, ["--set", "ka=0.3"], OUT),
            (RX, ["--threads", "1"], SAME),
            ("one.toml", ["--hypothesis", "null"], NO),
            ("one.toml", ["--phenotype", "default"], NO),
            ("one.toml", ["--set", "ka=0.3"], NO),
            ("one.toml", ["--run", "0"], SAME),  # the only one there is
            ("grid.zarr", ["--run", "0"], NO),
        )
    ),
    ("export sbml", ["grid.toml", "--run", "0"], ["--select", "dose=3 mg"], NO),
    ("visits", [GUIDED], ["--hypothesis", "tonic"], OUT),
    ("visits", [GUIDED], ["--phenotype", "depleted"], OUT),
    ("visits", [GUIDED], ["--set", "ka=0.3"], OUT),
    ("visits", [GUIDED], ["--plot", "p.png"], FILE),
    ("visits", [GUIDED], ["--threads", "1"], SAME),
    ("visits", ["guided.zarr"], ["--select", "dose=1 mg"], OUT),
    ("visits", ["guided.zarr"], ["--threads", "1"], NO),
    ("visits", ["guided.zarr"], ["--set", "ka=0.3"], NO),
    ("sensitivity", [RX], ["--select", "dose=1 mg"], NO),
    ("sensitivity", [RX], ["--hypothesis", "tonic"], OUT),
    ("sensitivity", [RX], ["--phenotype", "depleted"], OUT),
    ("sensitivity", [RX], ["--set", "ka=0.3"], OUT),
    ("sensitivity", [RX], ["--summary", "worst_dreams"], OUT),
    ("sensitivity", [RX], ["--most", "2"], OUT),
    ("sensitivity", [RX], ["--plot", "p.png"], FILE),
    ("sensitivity", [RX], ["--threads", "1"], SAME),
    ("sensitivity", ["grid.toml"], ["--select", "dose=1 mg"], OUT),
    ("sensitivity", ["grid.zarr"], ["--select", "dose=1 mg"], OUT),
    *(
        ("sensitivity", [what], option, NO)
        for what in ("grid.toml", "grid.zarr")
        for option in (["--hypothesis", "null"], ["--phenotype", "default"], ["--set", "ka=1"])
    ),
    ("trial", TRIAL, ["--weeks", "1"], OUT),
    ("trial", TRIAL, ["--seed", "7"], OUT),
    ("trial", TRIAL, ["--placebo", "chen2017"], OUT),
    ("trial", TRIAL, ["--threads", "1"], SAME),
    *(
        ("trial", words, option, NO)
        for words in (TRIAL, ["trial.zarr", *TRIAL[1:]])
        for option in (
            ["--pool", "pool.zarr"], ["--null"], ["--weight", "tonic=2"], ["--table", "t.csv"],
            ["--groups", "g.csv"], ["--plot", "p.png"], ["--out", "o.nc"],
        )
    ),
    ("trial", ["trial.zarr", *TRIAL[1:]], ["--threads", "1"], NO),
    ("trial", ["trial.zarr", *TRIAL[1:5]], ["--per-arm", "9"], OUT),
    ("trial", ["trial.zarr", *TRIAL[1:3]], ["--trials", "9"], OUT),
    ("trial", ["trial.zarr"], ["--select", "hypothesis=tonic"], OUT),
    ("trial", ["doses.csv"], ["--weeks", "1"], NO),
    ("discriminate", RIVALS, ["--hypothesis", "ogfr"], OUT),
    ("discriminate", RIVALS, ["--error", "errors.toml"], OUT),
    ("discriminate", RIVALS[:5], ["--weeks", "1"], OUT),
    ("discriminate", RIVALS[:7], ["--clock", "02:00"], OUT),
    ("discriminate", RIVALS, ["-n", "40"], OUT),
    ("discriminate", RIVALS, ["--members", "4"], OUT),
    ("discriminate", RIVALS, ["--seed", "4"], NO),
    ("discriminate", DRAWN, ["--seed", "4"], OUT),
    ("discriminate", RIVALS, ["--top", "1"], OUT),
    ("discriminate", RIVALS, ["--plot", "p.png"], FILE),
    ("discriminate", RIVALS, ["--csv", "ranking.csv"], FILE),
    ("discriminate", RIVALS, ["--threads", "1"], SAME),
    ("discriminate", ["grid.zarr"], ["--top", "1"], NO),
    *(
        ("states", [], option, CALL)
        for option in (
            ["--parameter", "activation_priming"],
            ["--from", "0.01"], ["--to", "0.2"], ["--dose", "4.5"],
            ["--hypothesis", "tonic"], ["--points", "20"], ["--set", "driver=0.04"],
        )
    ),
    ("optimise", ["choose.toml"], ["--top", "1"], OUT),
    ("optimise", ["choose.toml"], ["--markdown"], OUT),
    *(("optimise", ["choose.toml"], [f"--{e}", f"choice.{e}"], FILE) for e in ("csv", "json")),
    ("optimise", ["choose.toml"], ["--plot", "choice.png"], FILE),
    ("optimise", ["choose.toml"], ["--out", "other.nc"], FILE),
    *(("optimise", ["choose.toml"], o, SAME) for o in (["--overwrite"], ["--threads", "1"])),
    ("optimise", ["grid.toml"], ["--top", "1"], NO),
    *(
        ("start-dose", [], [f"--{option}", value], CALL)
        for option, value in {
            "functional-capacity": "3", "sensitivity": "3", "hypothesis": "tonic", "seed": "2",
            "phenotype": "depleted", "population": "4", "weight": "steps=-1",
        }.items()
    ),
    ("validate", ["E5"], ["--hypothesis", "null"], CALL),
    ("validate", ["E5", "--hypothesis", "null"], ["--misses"], OUT),
    ("validate", ["E5", "--hypothesis", "null"], ["--json", "p.json"], FILE),
    ("validate", ["E5", "--hypothesis", "null"], ["--plot", "p.png"], FILE),
    ("claims", ["C2"], ["--quick"], CALL),
    ("claims", ["C2"], ["--search"], CALL),
    ("claims", ["C2", "--search"], ["--sets", "8"], CALL),
    ("claims", ["C2", "--search"], ["--seed", "2"], CALL),
    ("claims", ["C2"], ["--sets", "8"], NO),
    ("claims", ["C2"], ["--seed", "2"], NO),
    ("claims", ["C2", "--quick"], ["--json", "claims.json"], FILE),
    *(
        ("calibrate", [], option, CALL)
        for option in (
            ["--groups", "kinetics"], ["--free", "cl"], ["--starts", "2"], ["--seed", "2"],
            ["--priors"], ["--profile"], ["--threads", "1"],
        )
    ),
    ("parameters", [], ["--search", "trostheim"], OUT),
    ("parameters", [], ["--grade", "assumed"], OUT),
    ("parameters", [], ["--csv", "p.csv"], FILE),
    ("parameters", [], ["--markdown"], OUT),
    ("parameters", ["--csv", "q.csv"], ["--markdown"], NO),
    ("equations", [], ["--markdown"], OUT),
    ("equations", [], ["--latex"], OUT),
    ("equations", ["--latex"], ["--markdown"], NO),
    ("init", ["new.toml"], ["--template", "dose"], FILE),
    ("init", ["old.toml"], ["--force"], FILE),
]  # fmt: skip
