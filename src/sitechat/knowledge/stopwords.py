"""Words that say nothing about what a question is after, by language.

Function words, and the words that questions and polite requests are made of. Kept short on
purpose: the large public lists also hold words that people search for, such as "free", "bill",
"page" or "help". A language that is not here works too: ranking gives frequent words little weight.
"""

from __future__ import annotations

from functools import cache

_WORDS = {
    "en": """a about above after again all also am an and any anybody anyone anything are as at be
        because been before being below between both but by can cannot could did do does doing
        done down during each else etc ever every few for from further get gets getting give go
        goes going got had has have having he hello her here hers hey hi him his how i if im in
        into is it its just know let like me mine more most much my myself need no nor not now of
        off on once only or other our ours out over own please possible same shall she should so
        some somebody someone something still such tell than thank thanks that the their theirs
        them then there these they thing things this those through to too trying try under until
        up us very want wanted wants was way ways we were what whats when where which while who
        whom whose why will with without would yes you your yours yourself
        don doesn didn isn aren wasn weren won wouldn shouldn couldn hasn haven hadn ve ll re""",
    "de": """aber alle allem allen aller alles als also am an ander andere anderem anderen anderer
        anderes auch auf aus bei beim bin bis bist bitte da dabei damit dann das dass dazu dein
        deine dem den denn der des dessen dich die dies diese diesem diesen dieser dieses dir doch
        dort du durch ein eine einem einen einer eines einige er es etwas euch euer eure für
        gegen geht gibt hab habe haben hallo hat hatte hätte hier hin ich ihm ihn ihnen ihr ihre
        ihrem ihren ihrer ihres im in ins ist ja jede jedem jeden jeder jedes jene jetzt kann
        kannst können könnte könnten machen macht man mein meine meinem meinen meiner mich mir mit
        möchte möchten muss müssen nach nein nicht nichts noch nun nur ob oder ohne sein seine
        seinem seinen seiner sich sie sind so soll sollte sollten sondern über um und uns unser
        unsere unter viel vom von vor wann war waren warum was weil welche welchem welchen welcher
        welches wenn wer werden weshalb wie wieder wieso will wir wird wo woher wohin wollen würde
        würden zu zum zur zwischen danke""",
    "fr": """a ai au aucun aussi autre aux avec avez avoir avons bonjour c ce cela celle celui ces
        cet cette chez combien comme comment d dans de des dois donc du elle elles en est et été
        être eu fait faire faut ici il ils j je l la le les leur leurs lui m ma mais me merci mes
        moi mon n ne nos notre nous on ont ou où par pas peut peux plus pour pourquoi pouvez puis
        puisje qu quand que quel quelle quelles quels qui quoi s sa sans se sera ses si son sont
        sous sur t ta te tes toi ton tous tout toute toutes tu un une vos votre vous vouloir
        voudrais y veux""",
    "es": """a al algo alguna algún ante aquí así como con cuál cuáles cuando cuándo cuánto de del
        desde donde dónde dos e el él ella ellas ellos en entre era es esa ese eso esta está están
        estar este esto estos fue gracias ha hace hacer han hasta hay hola la las le les lo los
        más me mi mis mucho muy necesito ni no nos nosotros o os otra otro para pero poder podría
        por porque porqué puede puedo que qué quien quién quiero se sea ser si sí sido sin sobre
        son su sus también te tengo ti tiene tienen todo todos tu tus un una uno unos usted y ya
        yo""",
    "it": """a ad agli ai al alla alle anche avere c che chi ci ciao come con cosa cui da dagli dai
        dal dalla dalle degli dei del della delle devo di dopo dove e è ed era fa fare gli grazie
        ha hai hanno ho i il in io l la le lei li lo loro lui ma me mi mia mio mie miei ne nei nel
        nella nelle noi non nostra nostro o ogni per perché però più posso può qual quale quali
        quando quanto quella quello questa queste questi questo qui se sei si sia sono su sua sue
        sugli sui sul sulla suo suoi ti tra tu tua tuo tutti tutto un una uno vi voi vorrei""",
    "pt": """a à algum alguma ao aos aquela aquele aqui as às até com como da das de dela dele do
        dos e é ela elas ele eles em entre era essa esse esta está estão este eu fazer foi há isso
        isto já lhe mais mas me meu meus minha muito na não nas nem no nos nós nossa nosso num numa
        o obrigado olá onde os ou para pela pelas pelo pelos por porque posso pode preciso qual
        quais quando quanto que quem quero são se sem ser seu seus só sua suas também te tem tenho
        têm ter teu tu tua um uma umas uns você vocês""",
    "nl": """aan al alle als altijd andere ben bij daar dan dat de der deze die dit doe doen door dus
        een eens en er ga geen graag had hallo heb hebben heeft hem het hier hij hoe hoeveel hun ik
        in is ja je kan kun kunnen kunt maar me meer men met mij mijn moet moeten na naar niet niets
        nog nu of om omdat onder ons onze ook op over te tegen toch toen tot u uit uw van veel voor
        waar waarom wanneer want was wat we wel welke werd wie wij wil willen worden wordt zal ze
        zelf zich zij zijn zo zonder zou bedankt""",
    "sv": """alla allt än är att av bli blir da dä där de dem den denna deras det detta dig din du
        efter ej eller en er ett för från ha har hej hon honom hur hvad i icke in inte jag kan kunna
        man med mellan men mig min mitt mot mycket när någon något några ni nu och om oss på sedan
        sig sin ska skall som så till tack under upp ut utan vad var varför vem vi vid vilka vilken
        vill åt över""",
    "da": """af alle alt at blev blive da de dem den denne der deres det dette dig din du efter eller
        en end er et for fra ham han har hej hende her hun hvad hvem hvilke hvis hvor hvordan
        hvorfor hvornår i ikke ind jeg jo kan man med meget men mig min mit mod når nogen noget
        nogle nu og også om op os over på sig sin skal skulle som tak til ud under var ved vi vil
        ville være""",
    "nb": """alle at av bare ble bli blir da de deg dem den denne der det dette din du eller en er et
        etter for fra ha han har hei hun hva hvem hver hvilken hvis hvor hvordan hvorfor i ikke inn
        jeg kan man med meg mellom men min mitt mot mye når nå noe noen og også om opp oss over på
        seg sin skal som takk til under ut vi vil være var ved""",
    "fi": """ei että hän he hei ja jo jos joka jotka kanssa kiitos koska kuin kuinka kun me mihin mikä
        miksi millainen milloin minä mitä missä mistä mutta myös ne niin nyt ole olen olet oli on
        ovat se sen siellä siitä sinä tai tämä te tuo vai vain vaan voi voin voinko voiko""",
    "ru": """а без бы был была были было быть в вам вас во вот все всё вы где да для до его ее её если
        есть еще ещё же за здесь здравствуйте и из или им их к как какая какие какой когда кто куда
        ли мне можно мой моя мы на надо над нам нас не него нет нужно но о об он она они от по под
        пожалуйста почему при про с сам свой себя сколько спасибо так такой там то того тоже только
        ты у уже хочу чего чем что чтобы эта эти это этот я""",
    "pl": """a aby ale bardzo bez być był była było by chcę ci co czy czym dla do dziękuję gdy gdzie
        go i ich ile im ja jak jaka jaki jakie je jego jej jest jestem jeśli już kiedy kto która
        które który ma mam mi mnie mogę moja moje może mój można mu my na nad nam nas nie nim o od
        on ona one oni oraz po pod podczas proszę przed przez przy są się sobie ta tak tam te tego
        tej ten to tu tutaj ty tylko w we wszystko z za ze że""",
    "tr": """acaba ama bana bazı ben beni benim bir biz bu bunu çok da daha de değil diye en gibi hangi
        her için ile ise kadar ki kim mı mi mu mü nasıl ne neden nerede nereye niçin niye o olan
        olarak onlar onu sana sen siz şu ve veya ya""",
}


@cache
def stop_words(language: str) -> frozenset[str]:
    """The stop words of a language code such as "de"; none for a language without a list."""
    return frozenset(_WORDS.get({"no": "nb", "nn": "nb"}.get(language, language), "").split())


LANGUAGES = frozenset(_WORDS)
