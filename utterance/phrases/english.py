"""English."""

from utterance.phrases.shape import PhraseList, Phrases

_DAYS = "monday|tuesday|wednesday|thursday|friday|saturday|sunday"
_SUITS = "(works|is (good|fine|better|best|great|perfect)|would (be (great|good|better|best)|work))"

PHRASES = Phrases(
    language="en",
    yes=PhraseList("""
        yes, yeah, yep, yup, ya, yea, yah, uh huh, uhhuh, um hum, um hmm, mm hm, mm hmm, mmhmm, mhm,
        mhmm, mm, mmm, sure, absolutely, definitely, correct, exactly, of course, certainly,
        yes please, yeah please, sure thing
    """),
    no=PhraseList("no, nope, nah, naw"),
    sounds=PhraseList("""
        oh, ooh, ah, aha, hm, hmm, hum, huh, wow, whoa, gosh, gee, golly, boy, man, jeez, geez, ha,
        haha, oh my, oh no, oh boy, oh man, oh dear, oh well, [oh] my (god|gosh|goodness|word),
        goodness, [good] (lord|grief|heavens), yuck, ouch, oops, do do [do], la la [la], yay
    """),
    backchannels=PhraseList("""
        okay, ok, kay, [okey|okie] dokey, okie dokie, alright, all right, right, okay then, fine,
        oh really, really, seriously, is that (so|right|true), no kidding, for real, no way, true,
        indeed, gotcha, for sure, [oh] i see [that], i understand, understood, [i] got (it|that),
        [that] makes sense, fair enough, good, great, nice, cool, perfect, excellent, awesome,
        wonderful, lovely, super, fantastic, brilliant, amazing, terrific, neat, sweet, beautiful,
        interesting, funny, very (good|nice|well|interesting|true|funny|much), too bad, not bad,
        not at all, (that's|that is|it's|that was|that'd be|that would be|that'll be) [really|very
            |so|pretty|all|just] (good|great|nice|fine|cool|perfect|okay|ok|true|right|correct
            |wonderful|lovely|neat|awesome|amazing|interesting|funny|terrible|awful|sad|alright
            |helpful|a shame|too bad|for sure|a [good|great|nice] (idea|point|deal|thing)),
        (sounds|looks) (good|great|fine|nice|right|lovely|perfect) [to me],
        [that|it] works [for me], that (sounds|looks) [really|very|pretty] (good|great|nice|fine
            |right|lovely|interesting), thank you [very much|so much|kindly],
        thanks [a lot|so much|a million|again], many thanks, [much|i] appreciate (it|that),
        much appreciated, cheers, you're welcome, please [do], [please] (go|carry) (on|ahead),
        keep going, [please] continue, you go ahead,
        no (problem|worries|rush|hurry|doubt|big deal|need) [at all], not a problem [at all],
        yeah no, take your time, don't worry [about it], uh uh, huh uh, nuh uh
    """),
    comments=PhraseList("""
        you don't say, how about that, you're kidding, i know [it|that],
        i (hear|bet|guess|suppose|agree|imagine), i (hear|feel) (you|that), i got you, i'm sure,
        i hear ya, i (guess|think|believe|suppose|imagine|bet|hope) so [too], that helps,
        that's a lot, (sounds like|that sounds like|that's) (a plan|fun),
        good (idea|point|deal|stuff|for you), how (nice|lovely|interesting|funny|neat|cool
            |wonderful|awful|sad|sweet|strange|terrible), what a [great|good|nice|lovely|neat
            |real] (idea|plan|thing|place|story|day|shame|pity|relief|deal|mess|surprise|bargain),
        who (knew|knows|cares|would have thought), imagine that, you bet, will do, i'll do that,
        do that, is fine, (could|might|may|must|should) be, me (too|neither), same here,
        (so|neither) do i, ditto, have fun, have a (good|nice) one,
        (glad|good|nice|happy) to (know|hear) [it|that], bless you,
        i (do|did|am|have|was|will|can|would|don't|didn't|haven't) [too|either|know],
        (it|that) [sure|really] (is|does|was|did|will|isn't|doesn't), that too,
        (they|we|you) [sure|really] (do|are|did|don't|didn't|aren't), you think so,
        i'm (fine|good|okay|with you|listening|following), i'd (like|love|appreciate) that,
        (do|does|did|is|are|was|were|have|has|had) (you|he|she|it|they|we|that|there) [really|now],
        (isn't|wasn't) (it|that) (something|amazing|great|nice|funny|interesting|awful|terrible
            |the truth|wonderful|lovely), don't you (hate|love) (that|it),
        so (do|did|am|was|have|would|can|does|is|has) (i|we|he|she|they|it|my (wife|husband|son
            |daughter))
    """),
    fillers=PhraseList("""
        um, uh, er, erm, eh, em, uhm, umm, uhh, ahem, ugh, mh, uh um, cough, coughs, achoo, sigh,
        laughter, laughs, noise, psst, tsk, pff
    """),
    openers=PhraseList("""
        and, but, so, well, now, then, because, cause, or, also, anyway, anyways, look, listen, hey,
        see, like, actually, basically, honestly, i mean, you know, you know what, you see,
        (let's|let me) see, let me think, by the way, just, please, though, in fact, first of all,
        [just] out of curiosity, sorry [but], [i'm] sorry, excuse me, pardon [me],
        i was [just] going to say, hi, just real quick, real quick, quickly, if you don't mind
    """),
    closers=PhraseList("""
        please, [okay] thanks, thank you [very much|so much], sir, ma'am, miss, mister, you know,
        okay, ok, then, now, though, for (a|one) (second|minute|moment|sec), right (there|now),
        already, there, mate, man, dude, love, dear, anyway, either, again, at all, um, uh, so
    """),
    particles=PhraseList("""
        a, an, the, to, of, in, on, at, for, from, by, with, as, if, that, this, it, is, its, i, im,
        ive, ill, id, you, he, she, we, they, them, and, but, so, or, my, your, our, his, her,
        their, was, were, be, been, are, am, has, have, had, do, does, did, just, because, cause, s,
        t, d, m, re, ve, ll, th, w, wh, st, y, b, c, e, f, g, h, j, l, n, p, q, r, v, x, z
    """),
    hellos=PhraseList("""
        hello [hello] [there], [are] you [still] there, [hi|hello] are you [still] there,
        is (anyone|anybody|someone) [still] there, (anyone|anybody) there, (can|do) you hear me,
        are you listening, (did|have) (i lost|we get disconnected) [you]
    """),
    repeats=PhraseList("""
        sorry, i'm sorry, pardon [me], [i] beg your pardon, come again, say again, say what, what,
        say that again [please], [sorry|huh] what [was that|is that|did you [just] say],
        what's that, what was that (again|one), what did you just say, you what, say what now,
        huh what, [sorry] [i] (didn't|couldn't|can't) [quite|really] (catch|hear|get|understand
            |make out) (that|you|it),
        i (missed that|don't understand|didn't understand|didn't hear|can't hear),
        you're (breaking up|cutting out) [a bit], you (broke|cut) (up|out), bad (line|connection),
        one more time, once more, again please, who, where, when, why, how, which, how (so|come),
        how (much|many|long|far|late|soon|often), which (one|ones|day|time), like what,
        [at] what time, what (day|else), for what, with who, to who, who's that, what now
    """),
    doubts=PhraseList("huh, hm, hmm, eh, mm, okay what, yeah what"),
    stops=PhraseList("""
        stop [it|that|there|now|talking|speaking], quit (it|talking), shut up, cut it out,
        knock it off, time out, hold your horses, wait [up|for it],
        [just] wait a [minute|second|sec|moment|tick], wait one (minute|second|moment),
        hold (on|up|it|the line|that thought),
        (hold|hang) on [a|one|just a|just one] [minute|second|sec|moment|tick],
        (one|just a|just one) (moment|second|minute|sec|tick), gimme a (sec|second|minute),
        give me (a|one|just a) (second|minute|moment|sec), let me [just] (stop|interrupt) you,
        let me [just] (stop|interrupt) you [right] there, (can|could|may) i [just] interrupt [you],
        (can|could|may) i [just] stop you [right] [there],
        [i'm] sorry to (interrupt|cut you off|stop you),
        i (don't mean|didn't mean|hate) to interrupt, [i'm] sorry to interrupt you, whoa whoa,
        excuse me (sir|ma'am|miss), you can stop [now|talking|there|it], listen to me, never mind,
        forget [about] it
    """),
    lone_stops=PhraseList("""
        [that's|okay that's] enough, [be] quiet, shush, hush, hold, pause, excuse me,
        let me (talk|speak|finish), let me finish talking, wait wait, easy,
        (can|may) i (talk|speak|say something), hear me out, not now, don't [bother], skip
    """),
    clear_stops=PhraseList("""
        stop [it|that|talking|speaking|please], stop stop, [please|just] stop [talking|it],
        [please|just] (stop|quit) talking [please], [please|just] be quiet, [just] shut up,
        (can|could|would|will) you [please|just] (stop|be quiet|shut up) [talking|please],
        that's enough
    """),
    not_stops=PhraseList("""
        stop (by|in|at|off|over|sign|signs|light|lights|and|for|when|to|on|smoking|working),
        wait (staff|staffs|time|times|list|listed|lists|room|until|till|is|was|for (the|a|my|an))
    """),
    goodbyes=PhraseList("""
        bye [bye] [now], goodbye, good bye, see (you|ya) [later|then|soon|tomorrow],
        (talk|speak) to you (later|soon|then), good night, ciao, take care [now]
    """),
    leavings=PhraseList("""
        (that's|that is|that will be|that'll be|that was) (all|it|everything) [then] [for (now
            |today)], (that's|that is) all i (need|needed|wanted) [to (know|ask)], nothing else,
        i'm (done|all set), so long, i (have to|gotta|got to|need to|should|must|better) (go|run),
        gotta (go|run), (i'll|let me) (call|ring|phone) [you] back [later],
        i'm (hanging up|going to hang up),
        have a (good|great|nice|lovely) (day|night|evening|weekend|afternoon), we're (done|all set),
        i'll let you go
    """),
    corrections=PhraseList(f"""
        (that's|that is|it's|this is|that was) [just|all|completely] (wrong|incorrect|a mistake
            |not right|not correct|not it|not true|not mine|not my|not what i (said|want|wanted
            |meant|asked)|the wrong),
        (that|it) (isn't|wasn't) (right|correct|it|true|mine|my|what i (said|meant|asked)),
        (you're|you are) (wrong|mistaken|not (listening|answering|hearing|understanding|getting)),
        you (got|have|spelled|heard|wrote) (my|the|it|that|me) (wrong|name wrong|date wrong),
        you (misunderstood|misheard), (you|you've) (have|got) (the wrong|my name wrong|it wrong),
        not that one, (i|we) (said|didn't say|did not say|never said|never asked|didn't mean
            |didn't ask|meant|asked), no (thank you|thanks), [i'm] not interested,
        i don't (want|need), wrong, incorrect, i already (told|said|gave|paid|did|have|know|tried),
        (i|i've) changed my mind, that's (my|the|an|our) old,
        (that's|it's|that is) too (late|early|far|soon|long),
        (i|we) can't (do|make|be there|come|wait|afford|on),
        (mornings|afternoons|evenings|weekends|that) (don't|doesn't|won't) work,
        my (name|number|address|email) (isn't|is not), (it's|that's) actually (the|a|for|on|at|my),
        not [on] ({_DAYS}|today|tomorrow|this one),
        actually (just|only|i (need|want|meant|said|can't)|i'd (like|rather|prefer)|make|no|can
            |let's|not|that's not|there (are|is)|it's (the|a|for|on|at|my|in))
    """),
    not_corrections=PhraseList("""
        (and|so|then|like|because|cause|when|if) i (said|meant), i don't (want|need) to
    """),
    instead=PhraseList(f"""
        i [just|only|really|actually] (want|wanted|need|needed|meant|said|asked|booked|called
            |ordered|live|am calling|can), i can't, (i'd|i would) (like|rather|prefer), make it,
        (it's|it is) (for|on|at|under|with|spelled|the|my|actually), it (has|needs) to,
        (i|we) don't (want|need), the (address|name|number|time|date|appointment|order|booking),
        my (name|number|address|email|appointment|booking|order), for, on, at,
        that's (wrong|not (it|what)), not (on|the|one|that one|this one|today|tomorrow),
        the (other|first|second|last|next|one),
        [not|not on|on|next|this] ({_DAYS}),
        (mornings|afternoons|evenings|weekends), today, tomorrow, morning, afternoon, wait, sorry,
        actually
    """),
    not_instead=PhraseList("""
        i, you, he, she, it, we, they, that, this, is, was, and, but, so, or, as, if, in, with, to,
        of, by, do, did, does, have, had, am, are, were, not, never, really, more, one, other,
        further, nothing, none, unless, honestly, just, maybe, probably, wonder, because, there,
        definitely, certainly, no, nobody, neither, i'm, i've, it's, that's, they're, we're, he's,
        she's, there's, you're, don't, didn't, doesn't
    """),
    polite=PhraseList("""
        please, just, can you [please|just], could you [please|just|maybe], would you [please|just],
        will you [please|just], i (need|want|would like|'d like) you to [please],
        (can|could) we [just|please], let's [just], why don't you [just], would you mind,
        do you mind, if you could [just|please], maybe you (can|could)
    """),
    orders=PhraseList(f"""
        (repeat|rephrase|explain|spell) [that|it|this], say (that|it|your|the), read (that|it) back,
        go (back|over|through) [to|that|it], start (over|again), skip [that|it|to|ahead],
        speak (up|slower|slowly|louder|more), talk (slower|louder), tell (them|him|her),
        (tell|give|show|send|text|email|call|ring|get|book|remind|help|sign|switch|bring) me,
        put me (through|down|on|in), (connect|transfer) me, sign me up, call me back,
        (speak|talk) (to|with) (a|an|the|someone|somebody|your|my|mr|mrs|dr|doctor),
        let me (speak|talk) (to|with), have (someone|somebody|him|her|them) (call|ring),
        (cancel|change|move|reschedule|confirm|book|check|update) (my|the|that|it|this|a|an),
        take (my|a|me) (name|number|message|off), leave a message, make an (appointment|order),
        make (it|that) (one|two|three|four|five|six|seven|eight|nine|ten|{_DAYS}|for),
        add (my|a|an|me|that|it), look (it|that|me) up, transfer, hurry up, slow down,
        [it's|this is] [kind of|really|very|a bit] (urgent|an emergency), emergency, tell me more,
        turn (it|that) (down|off)
    """),
    wishes=PhraseList(f"""
        (i'd|i would|we'd) (like|rather|prefer), i [just|also|really|only|still] (need|want),
        we need (it|this|that|them|someone|somebody|help|you),
        i wanna, (i wanted|we wanted|we want|we need) to (speak|talk|book|make|change|cancel|move
            |reschedule|order|come|schedule|confirm|leave|pay|return|add|check|update|report),
        this is [about|regarding] (a|an|my|the) (order|appointment|refill|bill|booking|reservation),
        [i'm|we're] calling (to|about|for|because|regarding), this is (about|regarding),
        it's about my,
        (i'm|we're) (trying|hoping|looking) to (reach|book|speak|talk|make|change|cancel|reschedule
            |find out|get), i'm looking for,
        (i'll|we'll) (take|go with|order),
        (i'll|we'll) have (it|that|this|the|a|an|one|two|three|both|my),
        (let's|let us) (do|go with|make it|book), i was hoping (to|you|i|for),
        (can|could|may) (i|we) [please|just] (speak|talk|get|have|book|make|change|cancel|order|add
            |leave|schedule|reschedule|move|do),
        [{_DAYS}|tomorrow|today] (morning|mornings|afternoon|afternoons|evening|evenings) {_SUITS},
        ({_DAYS}|tomorrow|today|either|noon) {_SUITS},
        (mornings|afternoons|evenings) (work|are (better|best|good)) for me
    """),
    choices=PhraseList("""
        would be (better|best|great|perfect|ideal|good) [for (me|us)], would work [for (me|us)],
        (works|is (better|best|good|fine)) [better|best|fine|great] for (me|us),
        (don't|doesn't|won't) work [for (me|us)], is too (late|early|far|soon|expensive|long),
        (is|are|that's) no good [for (me|us)], (that's|is) not going to work [for (me|us)], won't do
    """),
    pleas=PhraseList("please, if (possible|you can|you could|that's (okay|possible|all right))"),
    for_a_person=PhraseList("""
        (speak|talk) (to|with) [a|an|the|some|your] [real|live|actual|human] (person|human [being]
            |representative|operator|agent|receptionist|manager|supervisor)
    """),
    people=PhraseList("""
        [speak|talk] [to|with] [a|an|the|some] [real|live|actual|human] (person|human [being]
            |representative|operator|agent|receptionist|manager|supervisor),
        [speak|talk] [to|with] (someone|somebody) [else|real], [the] front desk, [the] owner,
        customer (service|care|support), reception, [a] real (person|human), help
    """),
    asks_first=PhraseList("""
        (what|where|when|why|how|who) (do|does|did|is|are|was|were|have|has|had|can|could|will
            |would|should|am|don't|doesn't|didn't|isn't|aren't|can't|won't|wouldn't|shouldn't),
        (what's|where's|when's|why's|how's|who's|how'd|what're|where'd|why'd|who'd|what'd),
        (what|how) about, what if, how come, whose, i (didn't|couldn't|can't) [quite] (catch|hear
            |understand|make out) (the|your|what|all|everything), (what|where|who) else, what,
        who (wrote|won|makes|made|runs|owns|has|pays|does|answers|works),
        what (kind|kinds|sort|sorts|type|types|time|day|days|part|color|size|year|hours|grade),
        how (much|many|long|far|often|old|big|late|early|soon), where you (at|from|going|located),
        which (one|ones|day|part|do|door|doctor|dentist|nurse|exit|bus|line|plan|option|week|person
            |entrance|branch|location|side|building|floor|street|number|room|table|way|size|color
            |is (the|your|my|better|best)), (do|does|did|is|are|was|were|have|has|had|can|could
            |will|would|should|am|may|shall|don't|doesn't|didn't|isn't|aren't|wasn't|weren't
            |haven't|hasn't|can't|couldn't|won't|wouldn't|shouldn't) (i|you|he|she|it|we|they|there
            |this|that|these|those|your|y'all), (do|does|did|is|are|was|were|has|can|could|will
            |would|should|don't|doesn't|didn't|isn't|aren't) (the|my|his|her|their|anyone|anybody
            |people|most), (is|are|was|does|has) (somebody|someone|anybody|anyone|everybody),
        you mean, so you (have|don't|think|said|mean|want|guys|all|didn't|probably|must|take|accept
            |deliver), so you're (open|closed|saying|not|located|on|in|at),
        you don't (take|do|think|like|use|play|open|accept|offer|deliver|sell|happen|have (a|any
            |the)), [can you|could you] tell me (what|how|where|when|why|if|which|who),
        (can|could) you tell me the,
        (i'd|i would) like to (know (what|how|if|when|where|why|who|which|about|more|the)|ask),
        (i|we) (want|need|wanted) to (know|ask),
        [i was|i'm] [just] (wondering|curious) (if|about|whether|what|how|when),
        [i] [just] wonder if (you|i could|we could|there),
        [i] [just] wonder (how (much|long|late|far|many)|what (time|day|kind)), any, anything,
        any (chance|chances|openings|appointments|evenings|mornings|discounts|availability|idea
            |room|tables|slots|particular),
        anything (later|earlier|else|sooner|cheaper|available|open|free|on|before|after)
    """),
    asks_anywhere=PhraseList("""
        (do|did|are|were|have|can|could|will|would|should|don't|didn't|aren't|weren't|haven't|can't
            |couldn't|won't|wouldn't|shouldn't) you, (do|does|did|is|are|was|were|can|could|will
            |would|should|don't|doesn't|isn't|aren't) (your|y'all),
        (isn't|is|was|wasn't|does|doesn't|did|didn't|has|hasn't|will|won't|would|wouldn't|can|can't
            |should|shouldn't) (he|she|it), is (this|that) (like|what|something|where|how|why|one
            |too|okay|ok|fine|possible|enough|included|correct|free|extra|your|still|near|far),
        (do|don't|did|didn't|are|aren't|were|weren't|have|haven't|will|won't|would|wouldn't|can
            |can't|should|shouldn't) (they|we), (can|should|may|shall) i, could i,
        (is|are|was|were) there (a|an|any|anything|some|something|another|anyone|someone|anybody
            |still|more), (isn't|aren't|wasn't|weren't) there any,
        (what|where|when|why|how|who) (do|does|did|are|were|have|can|could|will|would|should|don't
            |didn't|aren't|weren't|haven't|can't|couldn't|won't|wouldn't) (you|your|y'all),
        (what|where|when|how|who) (is|are|was|were) (your|you|y'all|some of your), (what|how) about,
        [i] (don't know|not sure|wondered) if (you|you've|you're|your), [i] have a question,
        (quick|one|got a) question, can i ask, let me ask you
    """),
    inversions=PhraseList("is, are, does, can, could, will, would, should, isn't, aren't, has"),
    tags=PhraseList("right, correct, huh, eh, is that (right|correct), or what"),
    not_tags=PhraseList("""
        (about|all|is|it's|that's|are|were|was|you're|they're|i'm|just|not|nothing|quite
            |exactly) right, (do|get|got|did|does) (it|that|this|them) right,
        (doing|getting) (it|that|this|them) right, (turn|the|be) right, uh huh, (is|it's|be) correct
    """),
    not_asked=PhraseList("""
        what (a|an|the|that|my|your|people|used|not|most|some|irks|bothers|gets|(i|you|we|they)['ve
            |'d|'ll]|(you|we|they)'re|i'm|(he|she|it)['s|'d|'ll]), what (happened|happens) (is|was),
        how (nice|lovely|funny), who (knows|knew|cares),
        any (time|day|of|one|way|kind|kinds|more|longer|event|case|place|how),
        anything (is|works|you|that|would|like|but|i|we|they|can|will), [do] you know what i mean,
        neither (do|did|am|was|have) i, (can|could) you (imagine|believe), would you believe,
        (do|have|had|did) (it|that|this), (are|were|have|can|could|will|would|should|had|aren't
            |don't|can't|won't|wouldn't) you know, or (any|anything),
        (can|could|will|would|should) (be|do|make|have|love|like|prefer|go|come|probably
            |definitely), (isn't|wasn't) (it|that) (something|amazing|great|nice|funny|interesting
            |awful|terrible|the truth|wonderful|lovely), don't you (hate|love)
    """),
    not_after=PhraseList("""
        i, you, he, she, we, they, what, where, when, why, how, who, which, whose, to, nor, neither,
        as, if, because, than, would, could, should, can, will, may, might, must, really, always,
        only, just
    """),
    reports=PhraseList("""
        say, says, said, saying, asked, ask, asking, (i'm|he's|she's|it's|was|were|they're|be) like,
        [i|and] (go|goes|going|went), thinking, thought, wonder, wondering, wondered, tell, tells,
        told, (say|says|said|saying) to (me|him|her|us|them), question
    """),
    clause_marks=PhraseList("""
        but, so, or, oh, well, yeah, yes, no, now, right, okay, ok, mean, hey, sorry, wait, please,
        thanks, huh
    """),
    prompts=PhraseList("""
        [please|just|so|and] (let me know|tell me|say|spell|give me|choose|pick|press|enter
            |confirm), i'll need your, i just need your, i need your, your (name|number) please
    """),
    numbers={
        "zero": "0", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6",
        "seven": "7", "eight": "8", "nine": "9", "ten": "10", "eleven": "11", "twelve": "12",
        "fifteen": "15", "twenty": "20", "thirty": "30", "forty": "40", "fifty": "50",
    },
)  # fmt: skip
