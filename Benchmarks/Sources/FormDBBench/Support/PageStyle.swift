/// How the page looks.
enum PageStyle {
    static let css = """
        :root {
          color-scheme: light dark;
          --paper: #fbfaf7; --card: #ffffff; --ink: #1d2321; --faint: #5d6763; --line: #dfe3de;
          --track: #eef0ec; --line-on-track: #c9cfca; --own: #1f7a5c; --peer: #a9b1ad; --spread: #1d2321; --aim: #b3541e;
          --good: #17694e; --bad: #a8321f;
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --paper: #121615; --card: #1a201e; --ink: #e6ebe8; --faint: #9aa6a1; --line: #2c3431;
            --track: #242b29; --line-on-track: #46504c; --own: #3fae86; --peer: #66716d; --spread: #e6ebe8; --aim: #f0955a;
            --good: #6fd3ae; --bad: #ff9480;
          }
        }
        * { box-sizing: border-box; }
        body {
          margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 92rem;
          background: var(--paper); color: var(--ink);
          font: 15px/1.5 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif;
        }
        h1 { font-size: 1.7rem; margin: 0 0 .5rem; }
        h2 { font-size: 1.25rem; margin: 2.5rem 0 .75rem; }
        h3 { font-size: 1rem; margin: 0 0 .6rem; }
        small { font-weight: normal; font-size: .82em; color: var(--faint); }
        header p { margin: .2rem 0; }
        .versions { color: var(--faint); font-size: .85rem; }
        .key { color: var(--faint); font-size: .85rem; padding-top: .5rem; }
        .swatch {
          display: inline-block; width: 1.4rem; height: .7rem; border-radius: 2px;
          margin: 0 .25rem 0 .9rem;
        }
        .swatch:first-child { margin-left: 0; }
        .swatch.own { background: var(--own); }
        .swatch.peer { background: var(--peer); }
        .swatch.spread { background: var(--spread); height: 2px; vertical-align: middle; }
        .swatch.aim { background: var(--aim); width: 3px; height: 1rem; vertical-align: middle; }
        .cards {
          display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(min(38rem, 100%), 1fr));
        }
        article {
          background: var(--card); border: 1px solid var(--line); border-radius: 8px;
          padding: .9rem 1rem 1rem; min-width: 0;
        }
        .row {
          display: grid; grid-template-columns: 8.8rem minmax(4rem, 1fr) 5.6rem 8.2rem;
          gap: .6rem; align-items: center; min-height: 1.6rem;
        }
        .engine { overflow-wrap: anywhere; }
        .track { position: relative; height: .95rem; background: var(--track); border-radius: 3px; }
        .track i { position: absolute; display: block; }
        .track .line { top: 0; bottom: 0; width: 1px; background: var(--line-on-track); }
        .bar { left: 0; top: 0; bottom: 0; border-radius: 3px; min-width: 2px; }
        .bar.own { background: var(--own); }
        .bar.peer { background: var(--peer); }
        .track .spread { top: calc(50% - 1px); height: 2px; background: var(--spread); opacity: .75; }
        .track .aim { top: -3px; bottom: -3px; width: 3px; margin-left: -1px; background: var(--aim); }
        .figure { font-variant-numeric: tabular-nums; white-space: nowrap; }
        .row .figure { text-align: right; }
        .remark { font-size: .85rem; color: var(--faint); white-space: nowrap; }
        .note { margin: .5rem 0 0; font-size: .85rem; color: var(--faint); }
        .good { color: var(--good); }
        .bad { color: var(--bad); }
        table { border-collapse: collapse; width: 100%; background: var(--card); }
        .aims { border: 1px solid var(--line); font-size: .92rem; }
        th, td { text-align: left; padding: .3rem .7rem; border-bottom: 1px solid var(--line); }
        th { color: var(--faint); font-weight: normal; }
        @media (max-width: 40rem) {
          .row { grid-template-columns: 1fr auto; row-gap: .1rem; padding-bottom: .4rem; }
          .track { grid-column: 1 / -1; grid-row: 2; }
          .remark { grid-column: 1 / -1; }
          .aims td small { display: block; }
        }
        """
}
