"""Well-known molecules, one a line as in a SMILES file: the SMILES, a space, the name.

Written from general knowledge for this project; no database was copied. A record of the sample is
found by its line: append new molecules, and keep the order.
"""

from __future__ import annotations

MOLECULES = """\
O water
N ammonia
C methane
CC ethane
CCC propane
CCCC butane
CC(C)C isobutane
CCCCC pentane
CC(C)(C)C neopentane
CCCCCC hexane
CCCCCCCC octane
CC(C)CC(C)(C)C isooctane
C=C ethylene
CC=C propene
C=CC=C 1,3-butadiene
CC(=C)C=C isoprene
C#C acetylene
CC#C propyne
C1CC1 cyclopropane
C1CCC1 cyclobutane
C1CCCC1 cyclopentane
C1CCCCC1 cyclohexane
C1CCC=CC1 cyclohexene
C1C2CC3CC1CC(C2)C3 adamantane
C12C3C4C1C5C2C3C45 cubane
C1CC2CCC1C2 norbornane
C1CCC2CCCCC2C1 decalin
c1ccccc1 benzene
Cc1ccccc1 toluene
Cc1ccccc1C o-xylene
Cc1cccc(C)c1 m-xylene
Cc1ccc(C)cc1 p-xylene
CCc1ccccc1 ethylbenzene
C=Cc1ccccc1 styrene
CC(C)c1ccccc1 cumene
Cc1cc(C)cc(C)c1 mesitylene
c1ccc2ccccc2c1 naphthalene
c1ccc2cc3ccccc3cc2c1 anthracene
c1ccc2c(c1)ccc1ccccc12 phenanthrene
c1cc2ccc3cccc4ccc(c1)c2c34 pyrene
c1ccc(cc1)-c1ccccc1 biphenyl
C1c2ccccc2-c2ccccc12 fluorene
c1ccc2cccc2cc1 azulene
CO methanol
CCO ethanol
CCCO 1-propanol
CC(C)O isopropanol
CCCCO 1-butanol
CC(C)(C)O tert-butanol
CCCCCCCCO 1-octanol
OCCO ethylene glycol
CC(O)CO propylene glycol
OCC(O)CO glycerol
OCc1ccccc1 benzyl alcohol
Oc1ccccc1 phenol
Cc1ccccc1O o-cresol
Oc1ccccc1O catechol
Oc1cccc(O)c1 resorcinol
Oc1ccc(O)cc1 hydroquinone
Oc1cccc2ccccc12 1-naphthol
CC(C)(C)c1cc(C)cc(c1O)C(C)(C)C butylated hydroxytoluene
CC(C)(c1ccc(O)cc1)c1ccc(O)cc1 bisphenol A
COC dimethyl ether
CCOCC diethyl ether
COC(C)(C)C methyl tert-butyl ether
C1CCOC1 tetrahydrofuran
C1COCCO1 1,4-dioxane
C1CO1 ethylene oxide
CC1CO1 propylene oxide
COc1ccccc1 anisole
C1COCCOCCOCCOCCOCCO1 18-crown-6
C=O formaldehyde
CC=O acetaldehyde
CCC=O propanal
C=CC=O acrolein
O=Cc1ccccc1 benzaldehyde
O=C/C=C/c1ccccc1 cinnamaldehyde
COc1cc(C=O)ccc1O vanillin
O=Cc1ccco1 furfural
CC(C)=O acetone
CCC(C)=O butanone
CC(=O)c1ccccc1 acetophenone
O=C(c1ccccc1)c1ccccc1 benzophenone
O=C1CCCCC1 cyclohexanone
CC(=O)CC(C)=O acetylacetone
CC(=O)C(C)=O diacetyl
O=C1C=CC(=O)C=C1 1,4-benzoquinone
O=C1c2ccccc2C(=O)c2ccccc12 anthraquinone
OC=O formic acid
CC(O)=O acetic acid
CCC(O)=O propionic acid
CCCC(O)=O butyric acid
C=CC(O)=O acrylic acid
CC(=C)C(O)=O methacrylic acid
OC(=O)C(O)=O oxalic acid
OC(=O)CC(O)=O malonic acid
OC(=O)CCC(O)=O succinic acid
OC(=O)CCCCC(O)=O adipic acid
OC(=O)/C=C/C(O)=O fumaric acid
OC(=O)/C=C\\C(O)=O maleic acid
C[C@H](O)C(O)=O L-lactic acid
O[C@H]([C@@H](O)C(O)=O)C(O)=O L-tartaric acid
OC(=O)C[C@H](O)C(O)=O L-malic acid
OC(=O)CC(O)(CC(O)=O)C(O)=O citric acid
CC(=O)C(O)=O pyruvic acid
OC(=O)c1ccccc1 benzoic acid
OC(=O)c1ccccc1O salicylic acid
OC(=O)c1cc(O)c(O)c(O)c1 gallic acid
OC(=O)c1ccccc1C(O)=O phthalic acid
OC(=O)c1ccc(cc1)C(O)=O terephthalic acid
OC(=O)/C=C/c1ccccc1 cinnamic acid
OC(=O)/C=C/c1ccc(O)c(O)c1 caffeic acid
COc1cc(/C=C/C(O)=O)ccc1O ferulic acid
CCCCCCCCCCCCCCCC(O)=O palmitic acid
CCCCCCCCCCCCCCCCCC(O)=O stearic acid
CCCCCCCC/C=C\\CCCCCCCC(O)=O oleic acid
CCCCC/C=C\\C/C=C\\CCCCCCCC(O)=O linoleic acid
CC/C=C\\C/C=C\\C/C=C\\CCCCCCCC(O)=O alpha-linolenic acid
CCCCC/C=C\\C/C=C\\C/C=C\\C/C=C\\CCCC(O)=O arachidonic acid
CCOC(C)=O ethyl acetate
COC(C)=O methyl acetate
CC(=O)OCCC(C)C isoamyl acetate
CCCC(=O)OCC ethyl butyrate
COC(=O)c1ccccc1O methyl salicylate
C=CC(=O)OC methyl acrylate
COC(=O)C(C)=C methyl methacrylate
CC(=O)OC=C vinyl acetate
CC(=O)OC(C)=O acetic anhydride
O=C1OC(=O)c2ccccc12 phthalic anhydride
O=C1OC(=O)C=C1 maleic anhydride
O=C1CCCO1 gamma-butyrolactone
O=C1CCCCCO1 epsilon-caprolactone
O=C1CCCCCN1 caprolactam
CCOC(=O)CC(C)=O ethyl acetoacetate
COC(=O)OC dimethyl carbonate
CN methylamine
CCN(CC)CC triethylamine
NCCN ethylenediamine
NCCO ethanolamine
OCCN(CCO)CCO triethanolamine
Nc1ccccc1 aniline
CN(C)c1ccccc1 N,N-dimethylaniline
Nc1ccc(N)cc1 p-phenylenediamine
CC(=O)N acetamide
CN(C)C=O N,N-dimethylformamide
NC(N)=O urea
NC(N)=S thiourea
NC(=N)N guanidine
C=CC(N)=O acrylamide
CC#N acetonitrile
C=CC#N acrylonitrile
N#Cc1ccccc1 benzonitrile
C[N+](=O)[O-] nitromethane
[O-][N+](=O)c1ccccc1 nitrobenzene
c1ccc(cc1)/N=N/c1ccccc1 azobenzene
NN hydrazine
CC(C)=NO acetoxime
ClCCl dichloromethane
ClC(Cl)Cl chloroform
ClC(Cl)(Cl)Cl carbon tetrachloride
ClC=C vinyl chloride
ClC(Cl)=C(Cl)Cl tetrachloroethylene
FC(F)=C(F)F tetrafluoroethylene
FC(F)(F)C(Cl)Br halothane
Clc1ccccc1 chlorobenzene
Brc1ccccc1 bromobenzene
Ic1ccccc1 iodobenzene
CI iodomethane
BrCCBr 1,2-dibromoethane
CS methanethiol
CSC dimethyl sulfide
CS(C)=O dimethyl sulfoxide
CS(C)(=O)=O dimethyl sulfone
CSSC dimethyl disulfide
S=C=S carbon disulfide
OS(=O)(=O)c1ccccc1 benzenesulfonic acid
Cc1ccc(cc1)S(O)(=O)=O p-toluenesulfonic acid
c1ccc(cc1)P(c1ccccc1)c1ccccc1 triphenylphosphine
COP(=O)(OC)OC trimethyl phosphate
C[Si](C)(C)C tetramethylsilane
C[Si](C)(C)Cl trimethylsilyl chloride
OB(O)c1ccccc1 phenylboronic acid
c1cc[nH]c1 pyrrole
c1ccoc1 furan
c1ccsc1 thiophene
c1c[nH]cn1 imidazole
c1cn[nH]c1 pyrazole
c1cocn1 oxazole
c1cscn1 thiazole
c1ccncc1 pyridine
c1ccnnc1 pyridazine
c1cncnc1 pyrimidine
c1cnccn1 pyrazine
c1ncncn1 1,3,5-triazine
C1CCNCC1 piperidine
C1CNCCN1 piperazine
C1COCCN1 morpholine
C1CCNC1 pyrrolidine
C1CN1 aziridine
CN1CCCC1=O N-methylpyrrolidone
c1ccc2[nH]ccc2c1 indole
c1ccc2occc2c1 benzofuran
c1ccc2sccc2c1 benzothiophene
c1ccc2[nH]cnc2c1 benzimidazole
c1ccc2ncccc2c1 quinoline
c1ccc2cnccc2c1 isoquinoline
c1ccc2nc3ccccc3cc2c1 acridine
c1ccc2c(c1)[nH]c1ccccc12 carbazole
c1ncc2[nH]cnc2n1 purine
O=c1ccc2ccccc2o1 coumarin
Nc1nc(N)nc(N)n1 melamine
O=C1NC(=O)NC(=O)N1 isocyanuric acid
O=C1CC(=O)NC(=O)N1 barbituric acid
NCC(O)=O glycine
C[C@H](N)C(O)=O L-alanine
CC(C)[C@H](N)C(O)=O L-valine
CC(C)C[C@H](N)C(O)=O L-leucine
CC[C@H](C)[C@H](N)C(O)=O L-isoleucine
OC[C@H](N)C(O)=O L-serine
C[C@@H](O)[C@H](N)C(O)=O L-threonine
SC[C@H](N)C(O)=O L-cysteine
CSCC[C@H](N)C(O)=O L-methionine
OC(=O)[C@@H]1CCCN1 L-proline
N[C@@H](Cc1ccccc1)C(O)=O L-phenylalanine
N[C@@H](Cc1ccc(O)cc1)C(O)=O L-tyrosine
N[C@@H](Cc1c[nH]c2ccccc12)C(O)=O L-tryptophan
N[C@@H](Cc1c[nH]cn1)C(O)=O L-histidine
NCCCC[C@H](N)C(O)=O L-lysine
NC(=N)NCCC[C@H](N)C(O)=O L-arginine
OC(=O)C[C@H](N)C(O)=O L-aspartic acid
OC(=O)CC[C@H](N)C(O)=O L-glutamic acid
NC(=O)C[C@H](N)C(O)=O L-asparagine
NC(=O)CC[C@H](N)C(O)=O L-glutamine
NCCCC(O)=O gamma-aminobutyric acid
NCCS(O)(=O)=O taurine
CN(CC(O)=O)C(N)=N creatine
OC(=O)CN(CCN(CC(O)=O)CC(O)=O)CC(O)=O EDTA
C[N+](C)(C)CC([O-])=O betaine
C[N+](C)(C)CCO choline
CC(=O)OCC[N+](C)(C)C acetylcholine
C[N+](C)(C)C[C@H](O)CC([O-])=O L-carnitine
NCCc1ccc(O)c(O)c1 dopamine
NCCc1c[nH]c2ccc(O)cc12 serotonin
CC(=O)NCCc1c[nH]c2ccc(OC)cc12 melatonin
CNC[C@H](O)c1ccc(O)c(O)c1 adrenaline
NCCc1c[nH]cn1 histamine
Nc1ncnc2[nH]cnc12 adenine
Nc1nc2[nH]cnc2c(=O)[nH]1 guanine
Nc1cc[nH]c(=O)n1 cytosine
Cc1c[nH]c(=O)[nH]c1=O thymine
O=c1cc[nH]c(=O)[nH]1 uracil
Nc1ncnc2n(cnc12)[C@@H]1O[C@H](CO)[C@@H](O)[C@H]1O adenosine
O[C@@H]1[C@@H](CO)O[C@H]([C@@H]1O)n1ccc(=O)[nH]c1=O uridine
Cc1cn([C@H]2C[C@H](O)[C@@H](CO)O2)c(=O)[nH]c1=O thymidine
OC[C@H]1O[C@@H](O)[C@H](O)[C@@H](O)[C@@H]1O beta-D-glucose
OC[C@H]1O[C@H](O)[C@H](O)[C@@H](O)[C@@H]1O alpha-D-glucose
OC[C@H]1O[C@@H](O)[C@H](O)[C@@H](O)[C@H]1O beta-D-galactose
OC[C@@H](O)[C@@H](O)[C@H](O)[C@H](O)C=O D-glucose, open
OC[C@@H](O)[C@@H](O)[C@H](O)C(=O)CO D-fructose, open
OC[C@@H](O)[C@@H](O)[C@@H](O)C=O D-ribose, open
OC[C@H](O)[C@@H](O)[C@H](O)[C@H](O)CO D-sorbitol
OC[C@H]1O[C@@](CO)(O[C@H]2O[C@H](CO)[C@@H](O)[C@H](O)[C@H]2O)[C@@H](O)[C@@H]1O sucrose
OC[C@H](O)[C@H]1OC(=O)C(O)=C1O ascorbic acid
Cc1ncc(CO)c(CO)c1O pyridoxine
OC(=O)c1cccnc1 nicotinic acid
NC(=O)c1cccnc1 nicotinamide
Cc1ncc(C[n+]2csc(CCO)c2C)c(N)n1 thiamine
CC(C)(CO)[C@@H](O)C(=O)NCCC(O)=O pantothenic acid
OC(=O)CCCC[C@@H]1SC[C@@H]2NC(=O)N[C@H]12 biotin
CC1=C(C(C)(C)CCC1)/C=C/C(C)=C/C=C/C(C)=C/CO retinol
CC1=C(C)C(=O)c2ccccc2C1=O 2,3-dimethyl-1,4-naphthoquinone
CC(=O)Oc1ccccc1C(O)=O aspirin
CC(=O)Nc1ccc(O)cc1 paracetamol
CC(C)Cc1ccc(cc1)C(C)C(O)=O ibuprofen
COc1ccc2cc(ccc2c1)[C@H](C)C(O)=O naproxen
OC(=O)Cc1ccccc1Nc1c(Cl)cccc1Cl diclofenac
Cn1cnc2c1c(=O)n(C)c(=O)n2C caffeine
Cn1cnc2[nH]c(=O)n(C)c(=O)c12 paraxanthine
Cn1cnc2c1c(=O)[nH]c(=O)n2C theobromine
Cn1c2nc[nH]c2c(=O)n(C)c1=O theophylline
CN1CCC[C@H]1c1cccnc1 nicotine
CCN(CC)CC(=O)Nc1c(C)cccc1C lidocaine
CCN(CC)CCOC(=O)c1ccc(N)cc1 procaine
CCOC(=O)c1ccc(N)cc1 benzocaine
CN(C)CCOC(c1ccccc1)c1ccccc1 diphenhydramine
OC(=O)COCCN1CCN(CC1)C(c1ccccc1)c1ccc(Cl)cc1 cetirizine
CCOC(=O)N1CCC(CC1)=C1c2ccc(Cl)cc2CCc2cccnc12 loratadine
CN(C)C(=N)NC(N)=N metformin
CC(C)NCC(O)COc1cccc2ccccc12 propranolol
CC(C)NCC(O)COc1ccc(CC(N)=O)cc1 atenolol
CCOC(=O)C1=C(COCCN)NC(C)=C(C(=O)OC)C1c1ccccc1Cl amlodipine
OC(=O)[C@@H]1CCCN1C(=O)[C@H](C)CS captopril
NS(=O)(=O)c1cc2c(NCNS2(=O)=O)cc1Cl hydrochlorothiazide
NS(=O)(=O)c1cc(C(O)=O)c(NCc2ccco2)cc1Cl furosemide
Nc1ccc(cc1)S(N)(=O)=O sulfanilamide
Cc1cc(NS(=O)(=O)c2ccc(N)cc2)no1 sulfamethoxazole
COc1cc(Cc2cnc(N)nc2N)cc(OC)c1OC trimethoprim
CC1(C)S[C@@H]2[C@H](NC(=O)Cc3ccccc3)C(=O)N2[C@H]1C(O)=O penicillin G
CC1(C)S[C@@H]2[C@H](NC(=O)[C@H](N)c3ccc(O)cc3)C(=O)N2[C@H]1C(O)=O amoxicillin
OC(=O)C1=CN(C2CC2)c2cc(N3CCNCC3)c(F)cc2C1=O ciprofloxacin
Cc1ncc([N+]([O-])=O)n1CCO metronidazole
OC(Cn1cncn1)(Cn1cncn1)c1ccc(F)cc1F fluconazole
NNC(=O)c1ccncc1 isoniazid
NC(=O)c1cnccn1 pyrazinamide
Nc1nc2n(COCCO)cnc2c(=O)[nH]1 aciclovir
Cc1cn([C@H]2C[C@H](N=[N+]=[N-])[C@@H](CO)O2)c(=O)[nH]c1=O zidovudine
Fc1c[nH]c(=O)[nH]c1=O 5-fluorouracil
CC(=O)CC(c1ccccc1)C1=C(O)c2ccccc2OC1=O warfarin
NC(=O)N1c2ccccc2C=Cc2ccccc12 carbamazepine
O=C1NC(=O)C(N1)(c1ccccc1)c1ccccc1 phenytoin
CCCC(CCC)C(O)=O valproic acid
NCC1(CC(O)=O)CCCCC1 gabapentin
CNCCC(Oc1ccc(cc1)C(F)(F)F)c1ccccc1 fluoxetine
CN[C@H]1CC[C@@H](c2ccc(Cl)c(Cl)c2)c2ccccc12 sertraline
CN(C)CCCC1(OCc2cc(ccc12)C#N)c1ccc(F)cc1 citalopram
CN(C)CCC=C1c2ccccc2CCc2ccccc12 amitriptyline
CN(C)CCCN1c2ccccc2Sc2ccc(Cl)cc12 chlorpromazine
O=C(CCCN1CCC(O)(CC1)c1ccc(Cl)cc1)c1ccc(F)cc1 haloperidol
COc1ccc2[nH]c(nc2c1)S(=O)Cc1ncc(C)c(OC)c1C omeprazole
CC(C)(C)NCC(O)c1ccc(O)c(CO)c1 salbutamol
CCCc1nn(C)c2c1nc([nH]c2=O)-c1cc(ccc1OCC)S(=O)(=O)N1CCN(C)CC1 sildenafil
Cc1ccc(NC(=O)c2ccc(CN3CCN(C)CC3)cc2)cc1Nc1nccc(n1)-c1cccnc1 imatinib
COCCOc1cc2ncnc(Nc3cccc(c3)C#C)c2cc1OCCOC erlotinib
COc1cc2ncnc(Nc3ccc(F)c(Cl)c3)c2cc1OCCCN1CCOCC1 gefitinib
CC(C)c1c(C(=O)Nc2ccccc2)c(-c2ccccc2)c(-c2ccc(F)cc2)n1CC[C@@H](O)C[C@@H](O)CC(O)=O atorvastatin
CC[C@H](C)C(=O)O[C@H]1C[C@@H](C)C=C2C=C[C@H](C)[C@H](CC[C@@H]3C[C@@H](O)CC(=O)O3)[C@@H]12 lovastatin
C[C@@H]1CC[C@H]2[C@@H](C)C(=O)O[C@@H]3O[C@@]4(C)CC[C@@H]1[C@@]23OO4 artemisinin
COc1ccc2nccc([C@@H](O)[C@@H]3C[C@@H]4CC[N@]3C[C@@H]4C=C)c2c1 quinine
CCN(CC)CCCC(C)Nc1ccnc2cc(Cl)ccc12 chloroquine
COc1cc2c(c(OC)c1OC)-c1ccc(OC)c(=O)cc1[C@H](CC2)NC(C)=O colchicine
C[C@]12CC[C@H]3[C@@H](CCc4cc(O)ccc34)[C@@H]1CC[C@@H]2O estradiol
C[C@]12CC[C@H]3[C@@H](CCC4=CC(=O)CC[C@]34C)[C@@H]1CC[C@@H]2O testosterone
CC(=O)[C@H]1CC[C@H]2[C@@H]3CCC4=CC(=O)CC[C@]4(C)[C@H]3CC[C@]12C progesterone
C[C@]12C[C@H](O)[C@H]3[C@@H](CCC4=CC(=O)CC[C@]34C)[C@@H]1CC[C@]2(O)C(=O)CO cortisol
CC(C)CCC[C@@H](C)[C@H]1CC[C@H]2[C@@H]3CC=C4C[C@@H](O)CC[C@]4(C)[C@H]3CC[C@]12C cholesterol
CC1=CC[C@H](CC1)C(C)=C limonene
CC(C)[C@@H]1CC[C@@H](C)C[C@H]1O menthol
Cc1ccc(C(C)C)c(O)c1 thymol
CC1(C)C2CCC1(C)C(=O)C2 camphor
CC1=CCC2CC1C2(C)C alpha-pinene
CC(C)=CCC/C(C)=C/CO geraniol
CC(C)=CCC/C(C)=C/C=O geranial
CC(C)=CCCC(C)(O)C=C linalool
CC(C)=CCC/C(C)=C/CC/C(C)=C/CO farnesol
CC1=CC(=O)CC(C)(C)C1 isophorone
CC1(C)OC2CCC1(C)CC2 eucalyptol
COc1cc(CC=C)ccc1O eugenol
COc1ccc(/C=C/C)cc1 anethole
COc1cc(CNC(=O)CCCC/C=C/C(C)C)ccc1O capsaicin
O=C(/C=C/C=C/c1ccc2OCOc2c1)N1CCCCC1 piperine
COc1cc(/C=C/C(=O)CC(=O)/C=C/c2ccc(O)c(OC)c2)ccc1O curcumin
Oc1ccc(/C=C/c2cc(O)cc(O)c2)cc1 resveratrol
Oc1cc(O)c2c(c1)oc(-c1ccc(O)c(O)c1)c(O)c2=O quercetin
O[C@@H]1Cc2c(O)cc(O)cc2O[C@@H]1c1ccc(O)c(O)c1 (+)-catechin
O=C1C=C(Oc2ccccc12)c1ccccc1 flavone
O=C(/C=C/c1ccccc1)c1ccccc1 chalcone
O=C1NS(=O)(=O)c2ccccc12 saccharin
COC(=O)[C@H](Cc1ccccc1)NC(=O)[C@@H](N)CC(O)=O aspartame
O=C1NC(=O)c2ccccc12 phthalimide
O=C1/C(=C2/Nc3ccccc3C2=O)Nc2ccccc12 indigo
O=C1OC(c2ccc(O)cc2)(c2ccc(O)cc2)c2ccccc12 phenolphthalein
CN(C)c1ccc2nc3ccc(cc3[s+]c2c1)N(C)C methylene blue cation
CN(C)c1ccc(cc1)/N=N/c1ccc(cc1)S(O)(=O)=O methyl orange, acid
O=C1OC2(c3ccc(O)cc3Oc3cc(O)ccc23)c2ccccc12 fluorescein
OC(=O)COc1ccc(Cl)cc1Cl 2,4-D
CCNc1nc(Cl)nc(NC(C)C)n1 atrazine
OC(=O)CNCP(O)(O)=O glyphosate
CCN(CC)C(=O)c1cccc(C)c1 DEET
[Na+].[Cl-] sodium chloride
[K+].[Br-] potassium bromide
CC([O-])=O.[Na+] sodium acetate
[O-]C(=O)c1ccccc1.[Na+] sodium benzoate
[NH4+].[Cl-] ammonium chloride
OS(O)(=O)=O sulfuric acid
OP(O)(O)=O phosphoric acid
O[N+]([O-])=O nitric acid
OO hydrogen peroxide
O=C=O carbon dioxide
CCCCCCCCCCCCOS([O-])(=O)=O.[Na+] sodium dodecyl sulfate
CCCC[N+](CCCC)(CCCC)CCCC.[Br-] tetrabutylammonium bromide
[2H]C(Cl)(Cl)Cl deuterochloroform
[2H]O[2H] heavy water
CC1(C)CCCC(C)(C)N1[O] TEMPO
F/C=C/F trans-1,2-difluoroethylene
F/C=C\\F cis-1,2-difluoroethylene
C[C@@H]1CCCC[C@H]1C 1,2-dimethylcyclohexane
"""
