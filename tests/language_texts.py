"""A title and a sentence in each of 55 languages, written for these tests, by ISO 639 code."""

from __future__ import annotations

TEXTS: dict[str, tuple[str, str]] = {
    "en": (
        "The old mill by the river",
        "When the water rose last autumn, the miller carried every sack of flour up to the attic.",
    ),
    "de": (
        "Die alte Mühle am Fluss",
        "Als das Wasser im Herbst stieg, trug der Müller alle Säcke Mehl auf den Dachboden.",
    ),
    "fr": (
        "Le vieux moulin près du fleuve",
        "Quand l'eau est montée l'automne dernier, le meunier a porté tous les sacs au grenier.",
    ),
    "es": (
        "El viejo molino junto al río",
        "Cuando el agua subió el otoño pasado, el molinero llevó todos los sacos al desván.",
    ),
    "pt": (
        "O velho moinho junto ao rio",
        "Quando a água subiu no outono passado, o moleiro levou todos os sacos para o sótão.",
    ),
    "it": (
        "Il vecchio mulino sul fiume",
        "Quando l'acqua è salita lo scorso autunno, il mugnaio ha portato i sacchi in soffitta.",
    ),
    "nl": (
        "De oude molen aan de rivier",
        "Toen het water vorige herfst steeg, droeg de molenaar alle zakken meel naar de zolder.",
    ),
    "sv": (
        "Den gamla kvarnen vid floden",
        "När vattnet steg förra hösten bar mjölnaren upp alla säckar med mjöl på vinden.",
    ),
    "da": (
        "Den gamle mølle ved åen",
        "Da vandet steg sidste efterår, bar mølleren alle sække med mel op på loftet.",
    ),
    "no": (
        "Den gamle møllen ved elva",
        "Da vannet steg i fjor høst, bar mølleren alle sekkene med mel opp på loftet hjemme.",
    ),
    "is": (
        "Gamla myllan við ána okkar",
        "Þegar vatnið hækkaði síðasta haust bar malarinn alla mjölpokana upp á háaloftið.",
    ),
    "fi": (
        "Vanha mylly joen rannalla kylässä",
        "Kun vesi nousi viime syksynä, mylläri kantoi kaikki jauhosäkit ylös ullakolle.",
    ),
    "et": (
        "Vana veski jõe ääres metsas",
        "Kui vesi eelmisel sügisel tõusis, kandis mölder kõik jahukotid üles pööningule.",
    ),
    "lv": (
        "Vecās dzirnavas upes krastā laukos",
        "Kad pagājušajā rudenī ūdens pacēlās, dzirnavnieks visus miltu maisus uznesa bēniņos.",
    ),
    "lt": (
        "Senas malūnas prie upės kaime",
        "Kai praėjusį rudenį pakilo vanduo, malūnininkas visus miltų maišus sunešė į palėpę.",
    ),
    "pl": (
        "Stary młyn nad brzegiem rzeki",
        "Kiedy jesienią podniosła się woda, młynarz wniósł wszystkie worki mąki na strych.",
    ),
    "cs": (
        "Starý mlýn u řeky za vesnicí",
        "Když loni na podzim stoupla voda, mlynář vynesl všechny pytle s moukou na půdu.",
    ),
    "sk": (
        "Starý mlyn pri rieke za dedinou",
        "Keď vlani na jeseň stúpla voda, mlynár vyniesol všetky vrecia s múkou na povalu.",
    ),
    "sl": (
        "Stari mlin ob reki za vasjo",
        "Ko je lani jeseni voda narasla, je mlinar vse vreče moke odnesel na podstrešje.",
    ),
    "hr": (
        "Stari mlin uz rijeku iza sela",
        "Kad je prošle jeseni voda narasla, mlinar je sve vreće brašna odnio na tavan kuće.",
    ),
    "hu": (
        "A régi malom a folyó mellett",
        "Amikor tavaly ősszel megáradt a víz, a molnár minden zsák lisztet felvitt a padlásra.",
    ),
    "ro": (
        "Moara veche de lângă râu",
        "Când apa a crescut toamna trecută, morarul a cărat toți sacii cu făină în pod.",
    ),
    "sq": (
        "Mulliri i vjetër pranë lumit",
        "Kur uji u ngrit vjeshtën e kaluar, mullixhiu i çoi të gjithë thasët në papafingo.",
    ),
    "tr": (
        "Nehrin kıyısındaki eski değirmen hakkında",
        "Geçen sonbaharda su yükselince değirmenci bütün un çuvallarını tavan arasına taşıdı.",
    ),
    "az": (
        "Çayın sahilindəki köhnə dəyirman haqqında",
        "Keçən payız su qalxanda dəyirmançı bütün un kisələrini çardağa daşıdı.",
    ),
    "vi": (
        "Cối xay cũ bên bờ sông",
        "Khi nước dâng lên vào mùa thu năm ngoái, người thợ xay đã mang hết bao bột lên gác.",
    ),
    "id": (
        "Kincir tua di tepi sungai desa",
        "Ketika air naik musim hujan lalu, tukang giling membawa semua karung tepung ke loteng.",
    ),
    "tl": (
        "Ang lumang gilingan sa tabi ng ilog",
        "Nang tumaas ang tubig noong nakaraang taon, dinala ng tagagiling ang mga sako sa itaas.",
    ),
    "sw": (
        "Kinu cha zamani kando ya mto",
        "Maji yalipopanda mwaka jana, msagaji alibeba magunia yote ya unga hadi kwenye dari.",
    ),
    "af": (
        "Die ou meul langs die rivier",
        "Toe die water verlede herfs gestyg het, het die meulenaar al die sakke solder toe gedra.",
    ),
    "ca": (
        "El molí vell vora el riu",
        "Quan l'aigua va pujar la tardor passada, el moliner va dur tots els sacs a les golfes.",
    ),
    "eu": (
        "Ibaiaren ondoko errota zaharra herrian",
        "Joan den udazkenean ura igo zenean, errotariak irin zaku guztiak ganbarara eraman zituen.",
    ),
    "ga": (
        "An seanmhuileann cois na habhann",
        "Nuair a d'ardaigh an t-uisce an fómhar seo caite, thug an muilleoir na málaí suas.",
    ),
    "cy": (
        "Yr hen felin ger yr afon",
        "Pan gododd y dŵr yr hydref diwethaf, cariodd y melinydd bob sach o flawd i'r llofft.",
    ),
    "mt": (
        "Il-mitħna l-qadima ħdejn ix-xmara",
        "Meta l-ilma għola fil-ħarifa li għaddiet, it-tajjar ġarr l-ixkejjer kollha fuq il-bejt.",
    ),
    "eo": (
        "La malnova muelejo apud la rivero",
        "Kiam la akvo leviĝis pasintan aŭtunon, la muelisto portis ĉiujn sakojn al la subtegmento.",
    ),
    "ru": (
        "Старая мельница у реки за деревней",
        "Когда прошлой осенью поднялась вода, мельник перенёс все мешки с мукой на чердак.",
    ),
    "uk": (
        "Старий млин біля річки за селом",
        "Коли минулої осені піднялася вода, мельник переніс усі мішки з борошном на горище.",
    ),
    "be": (
        "Стары млын каля ракі за вёскай",
        "Калі мінулай восенню паднялася вада, млынар перанёс усе мяхі з мукой на гарышча.",
    ),
    "bg": (
        "Старата воденица край реката в селото",
        "Когато миналата есен водата се покачи, воденичарят качи всички чували с брашно на тавана.",
    ),
    "sr": (
        "Стари млин поред реке иза села",
        "Када је прошле јесени вода порасла, млинар је све џакове брашна однео на таван куће.",
    ),
    "kk": (
        "Өзен жағасындағы ескі диірмен туралы",
        "Өткен күзде су көтерілгенде диірменші барлық ұн қаптарын шатырға алып шықты.",
    ),
    "el": (
        "Ο παλιός μύλος δίπλα στο ποτάμι",
        "Όταν ανέβηκε το νερό το περασμένο φθινόπωρο, ο μυλωνάς πήγε τα σακιά στη σοφίτα.",
    ),
    "he": (
        "הטחנה הישנה ליד הנהר בכפר",
        "כשהמים עלו בסתיו שעבר, הטוחן העלה את כל שקי הקמח לעליית הגג.",
    ),
    "ar": (
        "الطاحونة القديمة بجانب النهر في القرية",
        "عندما ارتفع الماء في الخريف الماضي حمل الطحان كل أكياس الدقيق إلى العلية.",
    ),
    "fa": (
        "آسیاب قدیمی کنار رودخانه در روستا",
        "وقتی پاییز گذشته آب بالا آمد، آسیابان همهٔ کیسه‌های آرد را به اتاق زیر شیروانی برد.",
    ),
    "hi": (
        "नदी के किनारे पुरानी चक्की",
        "जब पिछली बरसात में पानी बढ़ा तो चक्की वाले ने आटे की सारी बोरियाँ ऊपर पहुँचा दीं।",
    ),
    "bn": (
        "নদীর ধারে পুরোনো কলের গল্প",
        "গত শরতে জল বাড়লে কলের মালিক আটার সব বস্তা উপরের ঘরে তুলে রাখলেন।",
    ),
    "ta": (
        "ஆற்றங்கரையில் உள்ள பழைய ஆலை",
        "கடந்த ஆண்டு தண்ணீர் உயர்ந்தபோது ஆலைக்காரர் எல்லா மூட்டைகளையும் மேலே கொண்டு சென்றார்.",
    ),
    "th": (
        "โรงสีเก่าริมแม่น้ำ",
        "เมื่อน้ำขึ้นในปีที่แล้ว คนสีข้าวได้ขนกระสอบแป้งทั้งหมดขึ้นไปไว้ข้างบน",
    ),
    "ka": (
        "ძველი წისქვილი მდინარის პირას",
        "როცა შარშან შემოდგომაზე წყალი ადიდდა, მეწისქვილემ ფქვილის ტომრები სხვენზე აიტანა.",
    ),
    "hy": (
        "Հին ջրաղացը գետի ափին",
        "Երբ անցյալ աշնանը ջուրը բարձրացավ, ջրաղացպանը բոլոր պարկերը տարավ ձեղնահարկ։",
    ),
    "zh": (
        "河边的老磨坊",
        "去年秋天河水上涨时,磨坊主把所有的面粉袋都搬到了阁楼上。",
    ),
    "ja": (
        "川のほとりの古い水車小屋",
        "去年の秋に水かさが増したとき、粉屋は小麦粉の袋をすべて屋根裏に運び上げた。",
    ),
    "ko": (
        "강가의 오래된 방앗간 이야기",
        "지난가을 물이 불었을 때 방앗간 주인은 밀가루 자루를 모두 다락으로 옮겼다.",
    ),
}
