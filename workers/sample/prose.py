"""The prose of the born-digital samples, one string a page or column, written for this project.

Owns the words only; `workers.sample.pages` draws them. The markup is a small subset of Markdown:
`#` and `##` headings, `- ` list items, `| a | b |` table rows, blank lines between blocks.
"""

from __future__ import annotations

RIVER_INTRODUCTION = """
# A Survey of the Orrin Water

## Why the river was measured again

The Orrin Water rises in peat on the north side of Harl Moor and reaches the sea at Wend Sands,
sixty-one kilometres further on. It was last measured in full by the Drainage Board, whose chain
men worked from rowing boats and wrote their soundings in pencil. Their charts served for three
generations. They no longer describe the river: two weirs have been taken down, the lower meadows
flood in months when they used to be dry, and the ferry at Tolley grounds on a bar that no chart
shows.

The county therefore asked a party of six to walk the whole length, to sound the channel at fixed
stations, and to write down what the people who live beside the water have seen it do. The work
took one summer and part of an autumn. This report gives the results in the order in which the
river itself would give them, from the moor to the sea.

## What the party carried

- a brass sounding rod of four metres, marked every five centimetres
- two current meters, checked against each other each Monday
- a level, a staff, and the benchmarks left by the railway
- waterproof notebooks, one for each station, never copied until evening
- a flat boat light enough for four people to lift over a weir

Every sounding was taken twice by different hands. Where the two differed by more than ten
centimetres the station was done again on another day, and all four numbers were kept.
"""

RIVER_TABLE = """
# Soundings at the fixed stations

The table gives depth and speed in the middle of the channel at the mean summer level. Width is
measured from grass to grass. The last column is the character of the bed as the rod felt it,
which is not always what the eye sees through clear water.

| Station | From source, km | Width, m | Depth, m | Flow, m/s | Bed |
| Harl Sluice | 2.4 | 3.1 | 0.40 | 0.82 | peat over stones |
| Stag Bridge | 9.8 | 6.7 | 0.65 | 1.10 | clean gravel |
| Mill of Esk | 17.3 | 11.2 | 1.35 | 0.54 | gravel and brick |
| Low Weir | 25.0 | 14.8 | 2.20 | 0.21 | silt |
| Cooper's Reach | 33.6 | 19.5 | 1.90 | 0.47 | clay |
| Tolley Ferry | 44.1 | 38.0 | 1.15 | 0.39 | sand, shifting |
| Salt House | 52.7 | 71.4 | 3.60 | 0.66 | mud and shell |
| Wend Sands | 60.9 | 240.0 | 2.75 | 0.93 | sand |

## How to read the numbers

Speed and depth do not fall together. Above Stag Bridge the water is shallow and quick because the
bed is steep; behind the Low Weir it is deep and almost still because the sill holds it back. The
surprise is Tolley Ferry, where the channel is wider than at any point upstream and shallower than
at the mill. The bar there has grown by the width of a cart in eleven years, and the ferryman now
waits for half tide before he takes a loaded wagon across.

The figure for Wend Sands is the mean of nine tides. A single sounding in that place means
nothing, since the whole bank may move by a boat's length in one night of westerly wind.
"""

RIVER_COLUMNS = (
    """
## Upstream voices

The keeper of Harl Sluice has opened the same gate for twenty-six years. She says that the water
comes down faster after rain than it did when she was new to the work, and she blames the ditches
that were cut for young spruce. Her own notebook, which she let us copy, records the hour of each
rise. In her first ten years the river took nine hours to answer a storm on the moor. In the last
ten it took just under six.

At Stag Bridge a boy of twelve showed us where the trout lie. He had names for each pool. Two of
them had filled with gravel since the spring, he said, and the fish had moved to a hollow under the
third arch, where our rod found almost a metre more than the old chart allows.

The miller at Esk has not ground corn since the stones were sold. He keeps the wheel turning
because a still wheel rots. He told us that a brick wall fell into his tail race one winter, and
that explains the brick under our rod.
""",
    """
## Downstream voices

Below the Low Weir people speak of the river as a neighbour who has grown older. The lock house
floods in the kitchen now, where before only the cellar was wet. A mark on the door frame is cut
for each year of high water; seven of the eleven marks are newer than the paint.

The ferryman at Tolley measures the bar with an oar. He gave us the positions of the deepest line
for each month, from memory, and when we sounded them he was wrong by less than a step. He would
like a post with a lamp on the north bank, and we have put that wish among our proposals.

At the Salt House nobody had noticed any change at all. The tide does as it likes there, they
said, and the river only borrows the bed for a few hours. Their landing stage, however, stands
forty centimetres deeper in mud than its builder's drawing, which hangs framed in the office.
""",
)

RIVER_PROPOSALS = """
# What we propose

Nothing in this survey calls for great works. The river is healthy, and most of what has changed
was changed by people who did not know that they were doing so. We ask for seven small things, in
the order of their cost.

- that the benchmarks be painted white every fifth year, so that they can be found under ivy
- that the keeper's notebook at Harl be copied once a year and the copy kept in the county office
- that new ditches on the moor follow the slope and do not run straight down it
- that the fallen wall be lifted out of the tail race at Esk before it turns the current
- that a lamp be set on the north bank at Tolley, and moved when the bar moves
- that the sill of the Low Weir be lowered by two courses of stone, as a trial, for three winters
- that the eight stations of this survey be sounded again in ten years by the same method

## On method, for those who come after us

Write the number first and the opinion afterwards. Sound from the boat and never from the bank,
because a rod that leans tells a lie which no arithmetic will find. Agree on the zero before
breakfast. When two observers differ, keep both values and say who held the rod. We threw away
nothing, and the boxes of notebooks, dry and numbered, are on the third shelf of the map room.
"""

LIGHTHOUSE_UPRIGHT = """
# The light on Skerry Point

## Standing orders for the keepers

The lamp is to be lit at sunset and put out at sunrise, and the hour of both is written in the
log by the person who did it. The lens is cleaned every morning with a linen cloth and never with
wool. No keeper leaves the tower until the next one has climbed to the gallery and said aloud that
the watch is theirs.

In fog the bell is struck twice every half minute. The striker is driven by a weight that needs
winding each ninety minutes; a sand glass hangs beside the crank for that purpose. Should the
mechanism fail, the bell is struck by hand, and the two keepers change places every quarter of an
hour, because no one counts well when tired.

Birds that fall at the lantern are to be noted by kind and number. A museum in the capital is
grateful for these lists, and sends a cheese each winter.

Oil is measured with the dipstick marked by the engineer. Stores for sixty days must always be in
the tower, since the landing may be closed by the sea from November until March. The keeper who
finds less than sixty days of oil hoists the yellow flag at once and does not wait for morning.
"""

LIGHTHOUSE_SIDEWAYS = """
# Stores and visitors, by quarter

| Quarter | Oil (litres) | Wicks | Coal (sacks) | Nights of fog | Birds noted | Visitors |
| Winter | 1,480 | 36 | 52 | 21 | 64 | 0 |
| Spring | 1,120 | 27 | 31 | 17 | 231 | 5 |
| Summer | 760 | 19 | 12 | 9 | 48 | 43 |
| Autumn | 1,310 | 33 | 40 | 26 | 407 | 2 |

This sheet is wider than the others and is bound sideways in the log. Oil follows the length of
the night, as it must, but coal does not follow the cold: the stove is lit in fog even in June,
since damp gets into the clockwork. The large number of birds in autumn was written during three
nights of east wind, when thrushes came to the glass in such crowds that the beam looked full of
leaves. The forty-three summer visitors include a school, a bishop, and a man who wished to know
whether the tower could be moved.
"""

ARCHIVE_RULES = """
# Rules of the reading room

The archive of the town of Merrow is open to anyone who washes their hands. No letter of
introduction is asked for, and no reason. We only ask each reader to sign the book at the door, to
leave coats and bags in the cupboards, and to read these rules once with attention.

Order no more than three boxes for one morning. A box contains between twenty and ninety papers,
and a person who reads honestly will not finish two. The porter brings the boxes on a trolley at
nine, at eleven and at two o'clock. Papers stay in the order in which you found them, even when
that order is plainly wrong, because a mistake made in the year of the great fire is now itself a
piece of evidence. If you see such a mistake, write it on a yellow slip and lay the slip on top.

Pencils are allowed and pens are not. Turn the leaf by its upper corner. Bound volumes rest on the
foam wedges and are never opened flat. Maps are unrolled by two people, one of whom works here.
You may photograph whatever you like without a flash, and you may publish your photographs, on the
single condition that you name the box and the number of the paper, so that the next reader can
find what you found.

Seals are the weakest things we keep. They are made of wax and flour, and mice love them. A
charter with a seal is shown in its glass tray, and if you must see the back, the archivist on
duty turns the tray for you.

Please do not read aloud, do not lick your fingers, and do not lean on the radiators, which are
older than most of the charters. There is a garden behind the building where you may eat, talk and
argue. The bell rings ten minutes before we close. Boxes that you wish to see again tomorrow stay
on the shelf under your name for one week; after that they go home to the cellar and you have to
order them once more.
"""
# Two words differ: a near-duplicate has to survive an edit, not only another layout.
ARCHIVE_RULES_EDITED = ARCHIVE_RULES.replace("yellow slip", "green slip").replace(
    "for one week", "for one month"
)

GLASS_PAGES = (
    """
# A short guide to window glass

## Crown, cylinder and plate

Old windows seldom lie about their age, if you look along the pane and not through it. Crown glass
was spun into a disc as wide as a table, so its waves run in circles and no pane is larger than a
hand span or two. The thick knot in the middle, where the iron rod was broken off, went to stables
and to inns, and is now the piece that collectors ask for.

Cylinder glass was blown as a long bottle, slit down one side, and flattened in an oven. Its waves
run straight. A row of such panes shows the street outside as if it stood under a slow stream.
Plate was cast on a table and ground for days with sand. It is flat, heavy, and was once so dear
that families took their windows with them when they moved house.

Colour tells as much as form. A green edge means iron in the sand, a violet tint means that
manganese was added to hide the green and that the sun has since been at work on it.
""",
    """
# Mending a leaded light

## Before you lift anything

Make a rubbing of the whole panel with wax crayon on thin paper, and number each piece on the
rubbing. Photograph both faces. Then lay the panel on a board larger than itself and let it be for
a day, because lead that has hung for two centuries needs time to lie down.

- Open the joints with a lifting knife, starting at a corner that is already loose.
- Wash the glass in rain water only, and never scrub painted pieces.
- Clean the edges with a blunt scraper, catching the old cement on a damp cloth.
- Cut new lead a finger longer than the gap; stretch it before it is cut.
- Solder the face, turn the panel with a second board on top, and solder the back.
- Brush in the cement, cover it with whiting, and wait a week before it goes up.

A cracked piece is edged with copper foil and kept in its place. New glass is scratched with the
year in a corner where the frame will cover it, so that nobody after you is deceived.
""",
)

CLOCK_PAGES = (
    """
# The tower clock at Saint Ebba

The clock was made by a blacksmith who had seen one other clock in his life. It has a single hand,
because nobody in the parish then needed minutes, and it strikes the hour on a bell that had been
cast for a ship. Twice a day someone must climb ninety-three steps and lift two stone weights by
means of a drum and a crank.

Its rate depends on the weather in a manner that has been studied for longer than most sciences. In
frost the oil stiffens and the clock loses a quarter of an hour. In a dry east wind the rope
shrinks, the weight hangs higher, and it gains. The sexton corrects it by the noon mark on the
south wall, a brass line on which the shadow of a nail falls when the sun stands highest.

Three times a committee has proposed an electric motor. Three times the money was raised and then
spent on the roof, which leaks on to the clock. The present committee has stopped proposing.
""",
    """
# Winding rota and remarks

The rota is drawn by lot at harvest supper. Whoever draws the week of the fair may exchange it for
any two others. Children may turn the crank once they are able to lift the small weight from the
floor to their chin, and their first winding is written in red.

Remarks from the last five years: a jackdaw nest was removed from behind the dial, with a spoon
and a glove in it. The striking train ran down during a wedding and could not be stopped before it
had told eighty-one. The hand was bent by a ball, thrown by a person who is now the curate. A new
rope was spliced in the tower itself, since the old one would not pass the trap door.

If the clock stops, do not push the pendulum. Look first at the rope, then at the hook, then at
the sky, for in a gale the tower moves and the clock knows it before you do. Start it again at the
next noon and tell the school, where the lessons are counted by its bell.
""",
)

PLAIN_NOTE = """
Note for the printer.

The map of the Orrin Water goes on the inside of the cover, folded in three. Please keep the blue
of the first proof. This file is text, whatever its name says, and holds no pages at all.
"""

SEALED_LETTER = """
The contents of this letter concern the recipe for the green glaze of Brackhill and are
meant for the potter's grandson alone, who has been told the word that opens it.
"""
