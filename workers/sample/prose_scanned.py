"""The prose of the samples without a text layer, one string a page, written for this project.

Owns the words only, in the markup of `workers.sample.prose`.
"""

from __future__ import annotations

KILN_NOTEBOOK = (
    """
# Notes on the firing of the long kiln

The long kiln at Brackhill has nine chambers that climb the slope like a stair. The fire is lit at
the foot and is led upward, one chamber after another, for four days and three nights. No one
alive has seen it fired in less.

We began on a Tuesday because the wood was dry and the wind came from the valley. By noon the
lowest chamber glowed the colour of a plum. The old potter does not use cones or a dial. She spits
on an iron bar and listens, and when the sound is short enough she tells the boys to stop up the
lower door with wet clay.

The shelves were packed with three hundred and twelve pieces. Bowls went at the back, where the
ash falls thick. Tall jars stood in the middle. Tea cups, which crack if they are hurried, had the
corner beside the chimney to themselves.

Rain fell during the second night. Steam rose from the roof and we feared for the glaze, but the
draught held. I was allowed to feed the fifth chamber from midnight until four. One stick, wait,
look at the smoke. When it turns from black to grey, one more stick.
""",
    """
# Opening the chambers

The kiln was left shut for five days. The potter's grandson wanted to look on the third and was
sent to sweep the yard instead. Cold air on hot clay makes a noise like ice on a pond, she said,
and then there is nothing left to sell.

When the first door was broken down the warmth that came out smelled of stone. We lifted the
pieces on to straw and she walked along the row with a lamp. She tapped each rim with a fingernail.
A good pot rings, a sick pot coughs. Of three hundred and twelve she broke nineteen, without
anger, and threw the pieces on the heap behind the shed.

The jars from chamber five, which were mine to watch, came out green on one side and brown on the
other. I took this for a fault. She turned the largest round in her hands for a long while and
then put it on the shelf above her own bed.

Costs, for whoever reads this later: eleven cartloads of pine, two of oak, bread and soup for
seven people, and one roof tile that fell on the cat, who is well.
""",
)

BELL_POSTER = """
# The bell foundry of Dunmarrow

A bell is a mistake that is very hard to correct. Once the metal has run, the note is fixed, and a
founder can only shave a little from the inside to lower it, never raise it again. That is why the
Dunmarrow shop spends eleven weeks on the mould and eleven minutes on the pour.

The core is built from brick and covered with loam, which is clay, horse dung and goat hair in
proportions that each family keeps to itself. A wooden board cut to the profile of the bell is
swung round the core like the hand of a clock, and it scrapes the loam to shape. Tallow is laid on
where the metal will be. The outer mould is built over the tallow, the whole is dried, and the
tallow melts away to leave a space as thick as a thumb at the shoulder and a fist at the lip.

Seventy-eight parts of copper go with twenty-two parts of tin. More tin makes a brighter sound and
a bell that breaks. The founder skims the melt with a green willow pole, which boils the metal and
drives out bad air, and then everybody stops talking.
"""

SEED_CATALOGUE = """
# Seeds for a cold garden

These eight kinds have ripened at our nursery, three hundred metres above the sea, in each of the
past six summers. We list nothing that has not.

- Grey sugar pea: sow as soon as a fork goes in; two metres tall, so give it hazel rods
- Ninety-day bean: black and white seed, sets pods even in rain
- Winterhead cabbage: hard as a stone in October, keeps until April in straw
- Moor carrot: short and blunt, for soil that is shallow or full of flint
- Blue kale of Ness: sweeter after frost, and hares prefer it to anything else you own
- Pale turnip: eat it small; large ones are for sheep and for lanterns
- Stone leek: sow in March under glass, plant out in June, dig at midwinter
- Early oat: a handful for the hens, or a strip to shelter the beans

A packet holds enough for ten steps of row. Orders sent before the end of January travel with the
post bus and arrive dry. Customers who save their own seed are asked to send us a spoonful in a
good year, because one bad year in one valley has ended many a fine old plant.
"""

BRIDGE_PLACARD = """
# Crossing the Hanging Bridge

This bridge was made by the people of both villages and is mended by them every spring. It is
fifty-four metres long and hangs twenty metres above the gorge. The cables are steel, the hand
ropes are hemp, and the boards are larch cut in the wood behind you.

Not more than six walkers may be on the bridge together. Sheep count as one walker each, and must
be led, not driven. Keep one hand on the rope. If the bridge begins to swing, stand still until it
has finished; running makes it worse, and jumping is how the miller lost his hat, his lantern and
very nearly his son.

In wind above the mark on the pole, the gate is shut. Then take the lower path, which adds an hour
and passes the inn. In snow, sweep the boards before you as you go and leave the broom on the far
side for the next person, who will be coming the other way.

The box beside the gate is for nails. Whoever crosses often is asked to bring a few. A record of
repairs since the beginning is painted on the back of this board, and there is still some room.
"""

HARBOUR_LOG = (
    """
# Harbour log of Port Velley, first sheet

Wind south-west and freshening. The collier Annet came in on the morning tide with a split
foresail and tied up at the long quay. Her master reports a wreck buoy adrift two miles off the
Calf, showing no light. Word was sent to the pilots by the boy.

Four fishing boats stayed in. The fifth, Good Intent, went out against advice and returned before
ten with eleven baskets of herring, and her crew was not modest about it. Ice was bought from the
store for all eleven.

The crane on the north pier was stopped at noon. A tooth has gone from the second wheel. The
smith has the pattern and promises a new wheel by Saturday, which we take to mean Wednesday week.
Until then timber is landed by hand at the slip, and the carters are paid by the hour.

Dues received: fourteen marks and six pence. Water sold: nine barrels. One dog found on the mole,
brown, answers to nothing, is now in the office under the table and appears to have decided to
remain there.
""",
    """
# Harbour log of Port Velley, second sheet

Calm, with haze until three in the afternoon. The wreck buoy was found by the pilots and towed to
its place, and its lamp was filled. The chain had worn through at the swivel. All other buoys of
that maker should be lifted before winter, and a letter to the council says so in plain words.

The mail steamer was late by two hours and landed thirty-one passengers, nine sacks, a harp in a
case and a cage of pigeons addressed to the school. The harp is for the widow at Number Six. It
took four men and she played for them on the quay.

The diver examined the foot of the long quay. He finds three piles eaten by worm as far up as the
low water mark, and a fourth that can be moved with the hand. Carts heavier than a ton are to keep
to the landward side. Painted boards were put up and by evening one was already missing.

Dues received: twenty-two marks. Water sold: five barrels. The dog has been entered in the ration
book under the name of Ballast.
""",
)
