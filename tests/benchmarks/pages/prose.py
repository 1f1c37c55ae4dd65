"""Paragraphs for the pages that we typeset: written for them, each with rare words to check by."""

from __future__ import annotations

HARBOUR = (
    "The harbour board met on the first Tuesday of each month, and its minutes record with great "
    "patience the price of tar, the depth over the sill at low water and the wages of the two "
    "lamplighters. In the winter of 1871 the sluice froze for nineteen days. Nobody had kept a "
    "note of the earlier frost, so the engineer asked the ferrymen, who remembered it by the "
    "wedding of the chandler's daughter."
)
CLOCKS = (
    "A tower clock is a patient machine. The weights fall a hand's breadth in an hour, and the "
    "pendulum, which is as long as a tall man, gives up a little of its swing to every gust that "
    "finds the louvres. Winders were paid by the quarter, and most of them kept pigeons. When the "
    "escapement was rebuilt, the old pallets were found to be worn by nearly three millimetres."
)
BEES = (
    "Bees that winter on heather honey starve beside full combs, since it crystallises before "
    "they can lift it. The old keepers knew this and gave each skep a slab of candied sugar at "
    "Martinmas. Modern hives are fed syrup in September instead, at two parts to one, and are "
    "weighed from behind with a spring balance. A colony needs about eighteen kilograms."
)
PAPER = (
    "Rag paper was sized with gelatine that the vatman boiled from parchment scraps. A sheet that "
    "was sized in thunder weather went sour and later turned brown along the deckle. The mill at "
    "Ostwick kept a ledger of such losses and sold the spoiled reams to the gunsmiths, who cut "
    "them into cartridges. Forty quires went that way in the summer of 1764 alone."
)
MAPS = (
    "The surveyors carried a chain of a hundred links and a theodolite that took two mules. On the "
    "plateau the heat made the far signals dance, so angles were read at dawn, in three rounds, "
    "and the mean was written down in pencil. Ink froze in the tents above Corvane. The triangle "
    "that closed worst was out by eleven seconds, and they measured it again."
)
WEAVING = (
    "A jacquard card is a row of holes and of places without holes. The weaver reads it as a "
    "musician reads a part: not the single note but the phrase. Cards were laced into an endless "
    "chain, and a damask of roses took four thousand of them. Mice were the enemy. A gnawed "
    "lacing dropped two cards and gave the rose a crooked petal for the rest of the bolt."
)
SALT = (
    "Bay salt is grey because the floor of the pan is clay. The rakers skim the white crust at "
    "noon, before the breeze sinks it, and sell it apart at six times the price. In a wet August "
    "the whole pan may dissolve overnight. The cooperative insures against that now, but the "
    "older families still hang a sprig of tamarisk over the sluice gate."
)
TRAINS = (
    "The narrow-gauge line climbed from the quarry to the pass in eleven zigzags. At each of them "
    "the brakesman jumped down, threw the points by hand and walked to the other end. Passengers "
    "were advised to bring cushions. After the avalanche of 1908 the upper station was moved to "
    "the lee of the ridge, where its foundations can be seen among the juniper."
)
GLASS = (
    "Cobalt makes a deep blue at one part in five thousand, and the glassmakers of the valley "
    "bought it as zaffre, roasted and mixed with sand so that no rival could judge its strength. "
    "A pot lasted about seven weeks. When it cracked, the melt ran into the siege and the furnace "
    "had to be let out, which cost the house a month of work."
)
BELLS = (
    "The largest bell was cast in a pit beside the nave, since no cart could have brought it. Its "
    "mould was of loam and goat hair, dried over eleven days with charcoal. The founders sang "
    "while the bronze ran so as to keep an even pour. Afterwards the tenor was found a quarter "
    "tone flat, and they filed the lip until the organist was content."
)
ORCHARDS = (
    "Medlars are eaten when they look spoiled. The fruit is picked hard after the first frost, "
    "laid on straw with the eye downwards and left until the flesh turns to brown butter. Few "
    "nurseries graft them today. The tree at Quillow was worked on a hawthorn in 1922 and still "
    "bears some forty pounds a year, most of which goes to blackbirds."
)
LETTERS = (
    "Letters to the island went by the mackerel boat and came back, if at all, with the autumn "
    "cattle. The postmistress opened none of them but could tell from the seal which would bring "
    "bad news. Her register lists 312 items for the year 1839. Among them is a parcel of "
    "seed potatoes that lay for five months at Tarnholm because nobody had paid the porterage."
)
RIVERS = (
    "The ferry was a flat barge on a chain, and the current itself pushed it across when the "
    "ferryman set the boards at a slant. In drought he poled. A tariff board of 1790 names a "
    "penny for a man, two for a horse, and nothing for a midwife. The chain parted once, in the "
    "great thaw, and carried the barge with nine sheep down to the weir at Lanthorpe."
)
"""Each is about 70 words."""
