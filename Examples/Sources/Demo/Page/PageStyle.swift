/// The page's look, light and dark.
enum PageStyle {
    static let css = """

        :root {
          --page: #fbfbf9; --card: #ffffff; --ink: #1d2430; --soft: #5d6675; --rule: #e3e5e8;
          --sea: #e9eff5; --grid: #d3dde7; --land: #fdfcf8; --border: #b3bac3;
          --d0: #f2a31b; --d1: #e8662c; --d2: #cc2f55; --d3: #8a2182; --d4: #43188a; --ring: #ffffff;
          --hourly: #7fa6cc; --daily: #c2410c; --range: #dbe7f2; --zero: #9aa3af;
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --page: #12161c; --card: #191f27; --ink: #e8ebef; --soft: #9aa4b2; --rule: #2c343f;
            --sea: #111a25; --grid: #213040; --land: #2c3541; --border: #55616f;
            --d0: #ffd166; --d1: #ff9352; --d2: #f4587a; --d3: #cc6be0; --d4: #9d95ff; --ring: #12161c;
            --hourly: #4f7ea8; --daily: #ffae6b; --range: #22303f; --zero: #66717f;
          }
        }
        * { box-sizing: border-box; }
        body { margin: 0; background: var(--page); color: var(--ink);
          font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
        main { max-width: 1120px; margin: 0 auto; padding: 40px 20px 64px; }
        h1 { font-size: 34px; line-height: 1.2; letter-spacing: -0.02em; margin: 0; }
        h2 { font-size: 21px; letter-spacing: -0.01em; margin: 0 0 4px; }
        p { margin: 0 0 12px; color: var(--soft); max-width: 92ch; }
        .lead { font-size: 18px; margin-top: 6px; }
        section { background: var(--card); border: 1px solid var(--rule); border-radius: 12px;
          padding: 24px; margin-top: 24px; }
        .facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(200px, 1fr)); gap: 16px;
          margin: 24px 0 0; }
        .facts div { border-top: 3px solid var(--daily); padding-top: 10px; }
        .facts dt { font-size: 28px; font-weight: 650; font-variant-numeric: tabular-nums; line-height: 1.2; }
        .facts dd { margin: 2px 0 0; color: var(--soft); font-size: 14px; }
        .legend { display: flex; flex-wrap: wrap; align-items: center; gap: 6px 16px; font-size: 14px;
          color: var(--soft); margin-bottom: 12px; }
        .legend b { color: var(--ink); font-weight: 600; }
        .legend span { display: inline-flex; align-items: center; gap: 7px; }
        .legend span + b { margin-left: 14px; }
        .legend i { display: inline-block; width: 13px; height: 13px; border-radius: 50%; }
        .legend i.line { width: 26px; height: 0; border-radius: 0; border-top: 3px solid var(--daily); }
        .legend i.line.hourly { border-top: 2px solid var(--hourly); }
        .legend i.box { border-radius: 3px; background: var(--range); border: 1px solid var(--grid); }
        .figure { overflow-x: auto; }
        .figure svg { display: block; width: 100%; min-width: 680px; height: auto; }
        svg text { fill: var(--soft); font-size: 13px; font-variant-numeric: tabular-nums; }
        .sea { fill: var(--sea); } .land { fill: var(--land); fill-rule: evenodd; }
        .graticule { fill: none; stroke: var(--grid); stroke-width: 0.8; }
        .border { fill: none; stroke: var(--border); stroke-width: 0.7; stroke-linejoin: round; }
        .quakes circle { fill-opacity: 0.72; stroke: var(--ring); stroke-width: 0.6; stroke-opacity: 0.8; }
        .quakes circle:hover { fill-opacity: 1; stroke: var(--ink); stroke-width: 1.5; }
        circle.size { fill: none; stroke: var(--soft); stroke-width: 1.4; }
        circle.d0 { fill: var(--d0); } circle.d1 { fill: var(--d1); } circle.d2 { fill: var(--d2); }
        circle.d3 { fill: var(--d3); } circle.d4 { fill: var(--d4); }
        i.d0 { background: var(--d0); } i.d1 { background: var(--d1); } i.d2 { background: var(--d2); }
        i.d3 { background: var(--d3); } i.d4 { background: var(--d4); }
        .grid { stroke: var(--rule); stroke-width: 1; } .zero { stroke: var(--zero); stroke-width: 1.2; }
        path.range { fill: var(--range); }
        path.hourly { fill: none; stroke: var(--hourly); stroke-width: 0.9; stroke-linejoin: round; }
        path.daily { fill: none; stroke: var(--daily); stroke-width: 2; stroke-linejoin: round; }
        .wide { overflow-x: auto; }
        table { border-collapse: collapse; width: 100%; font-size: 15px; }
        th { text-align: left; font-weight: 600; font-size: 13px; color: var(--soft); }
        th, td { padding: 8px 18px 8px 0; border-bottom: 1px solid var(--rule); vertical-align: top; }
        tbody tr:last-child td { border-bottom: 0; }
        .number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
        th.number:last-child, td.number:last-child { padding-right: 0; }
        .answer { color: var(--soft); overflow-wrap: anywhere; }

        """
}
