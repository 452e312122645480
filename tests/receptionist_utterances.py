"""What callers say over a receptionist, written by hand: the words, what they had heard, the act.

Under each act, the first block is punctuated as by a good transcriber, and the second is raw: lower
case, no punctuation. Each line is an utterance. A line that begins with ``>`` sets what the agent
had been heard saying before the utterances below it; ``>`` alone means nothing.
"""

from collections.abc import Iterator
from typing import NamedTuple

from utterance import Act


class Utterance(NamedTuple):
    """One line of the table."""

    said: str
    heard: str
    act: Act


_TABLE = {
    Act.BACKCHANNEL: """
        > We're open from nine to six on weekdays, and on Saturdays until two.
        Okay.
        Uh-huh.
        Mm-hmm.
        Mhm, yeah.
        Yes.
        Yeah, okay.
        Right, right.
        Oh, okay, thank you.
        All right.
        Alright, great.
        Okay, great, thanks.
        Got it.
        I see.
        Oh, I see. Okay.
        Perfect.
        Sounds good.
        That sounds great, thank you.
        Sure, sure.
        Oh, nice!
        Good to know.
        Makes sense.
        That makes sense, yeah.
        No problem.
        No worries.
        No, no, that's fine. Go ahead.
        Oh really?
        Is that right?
        Really? Wow.
        Of course.
        Absolutely.
        > A deep clean is ninety dollars, and I would book it for you right away.
        What a great idea.
        That's a good idea.
        Oh wow, that's great.
        That's fine.
        That's perfect.
        It is, yeah.
        Who knew?
        Will do.
        I will.
        Fair enough.
        Thank you so much.
        Thanks a lot.
        Thank you, I appreciate it.
        Okay, that works for me.
        Works for me.
        Not a problem at all.
        Please do.
        Yeah, go ahead.
        Sorry, go on.
        No rush, take your time.
        Yeah, no.
        I think so too.
        I'm with you.
        Oh my goodness.
        Ha, okay.
        Hmm.
        Wow!
        Oh no, that's too bad.
        Did you? Oh, nice.
        Good, good.
        You're welcome.
        Glad to hear it.
        How nice.
        Oh, that's interesting.
        Sí.
        Vale.
        D'accord.
        Genau.
        ---
        > We're open from nine to six on weekdays, and on Saturdays until two.
        okay
        uh huh
        uh huh uh huh
        mm hmm
        mhm
        yes
        yeah yeah yeah
        right
        right right okay yeah
        okay okay
        oh okay thank you
        ok cool
        alright then
        got it thanks
        gotcha
        i see
        i see i see
        oh i see okay
        perfect thank you
        sounds good to me
        that sounds good
        sure
        sure thing
        oh nice
        oh very nice
        good to know
        makes sense
        no problem
        no problem at all
        no worries
        no no that's fine go ahead
        oh really
        is that right
        is that so
        of course
        exactly
        um okay
        uh yeah
        oh yeah
        well okay then
        > A deep clean is ninety dollars, and I would book it for you right away.
        what a great idea
        good idea
        oh wow that's great
        thats fine
        it's fine
        yeah that's true
        that's right
        who knew
        will do
        ill do that
        could be
        i guess
        i guess so
        fair enough
        thank you very much
        thanks
        okay great thanks a lot
        yeah that works
        not at all
        please go ahead
        sorry go ahead
        take your time
        yeah no
        me too
        i understand
        understood
        hmm
        huh
        wow
        oh no
        oh dear
        do they
        oh is it
        you're kidding
        no kidding
        glad to hear it
        how nice
        so do i
        i know
        si
        vale
        d'accord
        genau
        claro que sí
    """,
    Act.NOISE: """
        >
        .
        …
        Um.
        Uh, um.
        The, the.
        > We're open from nine to six on weekdays, and on Saturdays until two.
        Um...
        Er, um,
        So, um,
        And...
        The.
        To the...
        I, I...
        But, uh.
        (coughs)
        Ahem.
        And the, uh, the.
        Of a...
        We're open from nine to six.
        On Saturdays until two.
        From 9 to 6 on weekdays.
        ---
        >
        um
        uh um
        > We're open from nine to six on weekdays, and on Saturdays until two.
        um
        uh
        er
        um um
        uh so
        the the
        a
        to the to the
        i i
        and the
        but uh
        of the
        th the
        cough
        well um
        open from nine to six
        nine to six on weekdays and on saturdays
        we're open from 9 to 6
    """,
    Act.REMARK: """
        > We're open from nine to six on weekdays, and on Saturdays until two.
        Stop by the shop, yeah, I did that last week.
        My wife loves that place.
        My number is 555 0100.
        It's for my daughter.
        When I called last time, they said free delivery.
        Wait staff were lovely.
        The wait times were awful last summer.
        I was there yesterday.
        We came in on Monday.
        I used to live around the corner.
        My husband works on Saturdays.
        It's raining here.
        I'm driving at the moment.
        Honey, the phone is for me.
        Put it on the table, sweetheart.
        I'm on the phone with the clinic.
        That's what my neighbor told me.
        Last time it took an hour.
        There are four of us.
        I have a dog, too.
        The kids love it there.
        We've been customers for years.
        I was just telling my sister about it.
        > A deep clean is ninety dollars, and there is a room for children.
        My tooth has been hurting since Tuesday.
        It started last night.
        I think I met her once.
        I don't have a car right now.
        That's more than I thought.
        It's a bit expensive.
        My insurance covers most of it.
        I wouldn't know.
        Well, I'm not sure about that.
        How they do it is beyond me.
        What I like is the garden.
        When we lived in Boston we went every week.
        I know what you mean.
        I know how that is.
        So it's the blue one, I think.
        He said it was fine.
        She said, what a mess.
        And I said, okay, fine.
        No, it isn't far from us.
        No, I don't think so.
        Yeah, I think he did.
        Maybe next week.
        Not really.
        My email is bob at example dot com.
        ---
        > We're open from nine to six on weekdays, and on Saturdays until two.
        stop by the shop yeah i did that last week
        my wife loves that place
        my number is 555 0100
        my name is bob by the way
        its for my daughter
        when i called last time they said free delivery
        wait staff were lovely
        i was there yesterday
        we came in on monday
        my husband works on saturdays
        i'm driving at the moment
        honey the phone is for me
        put it on the table sweetheart
        i'm on the phone with the clinic
        the dog is barking again
        thats what my neighbor told me
        last time it took an hour
        there are four of us
        the kids love it there
        we've been customers for years
        i read that on your website
        i saw the sign outside
        saturday is my day off
        i work nights
        > A deep clean is ninety dollars, and there is a room for children.
        my tooth has been hurting since tuesday
        it started last night
        i don't have a car right now
        that's more than i thought
        it's a bit expensive
        my insurance covers most of it
        i wouldn't know
        well i'm not sure about that
        what i like is the garden
        when we lived in boston we went every week
        i know what you mean
        i know how that is
        he said it was fine
        and i said okay fine
        she was like what a mess
        no it isn't far from us
        no i don't think so
        yeah i think he did
        maybe next week
        not really
        the doctor told me to do it
        i can do that myself
        we had it done last year
        it was the one that is on the corner
        that's how they do it
        my son was there first
    """,
    Act.QUESTION: """
        > We're open from nine to six on weekdays, and on Saturdays until two.
        What about Sunday?
        And Sundays?
        Yeah, okay, but what about Sundays?
        What time do you close on Friday?
        Do you take credit cards?
        Are you open on holidays?
        How much is a cleaning?
        How long does it take?
        Where are you located?
        Is there parking?
        Is it free?
        Can I bring my dog?
        Which doctor would it be?
        Who would I be seeing?
        Why is that?
        When is the next opening?
        Sorry?
        Pardon?
        Pardon me?
        Come again?
        What was that?
        What did you say?
        Sorry, I didn't catch that.
        I can't hear you.
        Huh?
        What?
        Hello?
        Hello, are you there?
        Are you still there?
        Well, I was wondering about the price.
        I was wondering if you do weekends.
        I'd like to know how much it costs.
        I have a question.
        Quick question: is there a lift?
        Wait, what about Sunday?
        Hold on, is that every Saturday?
        Great. What about Sunday?
        Okay, thanks. And how do I get there?
        You're open on Mondays, right?
        So it's free for kids, correct?
        That's near the station, isn't it?
        > A deep clean is ninety dollars, and there is a room for children.
        So you don't take insurance?
        Does it hurt?
        Do I need an appointment?
        Should I bring anything?
        Would that include the x-ray?
        Any chance of a discount?
        What if I'm late?
        How come it's so expensive?
        What kind of insurance do you accept?
        What else do I need?
        Could you tell me how long it takes?
        Can you tell me the address?
        Do you know if the doctor is in?
        My son is six. Is that too young?
        Ninety dollars?
        Every day?
        And for two people?
        You mean on Sunday?
        ¿Cuánto cuesta?
        ---
        > We're open from nine to six on weekdays, and on Saturdays until two.
        what about sunday
        yeah okay but what about sundays
        what time do you close on friday
        do you take credit cards
        are you open on holidays
        how much is a cleaning
        how long does it take
        where are you located
        where you located
        is there parking
        is it free
        can i bring my dog
        which doctor would it be
        who would i be seeing
        why is that
        when is the next opening
        what's the address
        whats the number
        sorry
        pardon
        pardon me
        come again
        what was that
        what did you say
        sorry i didn't catch that
        i can't hear you
        say again
        one more time
        what
        hello
        hello hello
        are you there
        hello are you there
        well i was wondering about the price
        i was wondering if you do weekends
        i'd like to know how much it costs
        i have a question
        just one question is there a lift
        wait what about sunday
        hold on is that every saturday
        great what about sunday
        okay thanks and how do i get there
        oh that's good do you do weekends
        um so how uh how much is it
        is it is it far
        you're open on mondays right
        so it's free for kids correct
        that's near the station isn't it
        so you're closed on sunday
        > A deep clean is ninety dollars, and there is a room for children.
        so you don't take insurance
        does it hurt
        do i need an appointment
        should i bring anything
        would that include the x ray
        any chance of a discount
        what if i'm late
        how come it's so expensive
        what kind of insurance do you accept
        what else do i need
        could you tell me how long it takes
        do you know if the doctor is in
        my son is six is that too young
        i was just curious if it hurts
        i wonder if you have anything cheaper
        and how much would it be for two
        my wife wants to know can she come too
        you know what do you have anything on friday
    """,
    Act.REQUEST: """
        > We're open from nine to six on weekdays, and on Saturdays until two.
        Can I speak to a person?
        A person, please.
        Representative.
        Operator, please.
        Speak to a human.
        I want to talk to a human being.
        Let me talk to a manager.
        Can I talk to someone else?
        Get me the manager, please.
        Customer service.
        Transfer me to the front desk.
        Can you put me through to the doctor?
        Repeat that, please.
        Could you repeat that?
        Can you say that again, please?
        Say the number again.
        Could you spell that?
        Please speak slower.
        Speak up, please.
        I'd like to book an appointment.
        I'd like to cancel.
        I need to reschedule.
        I want to make a reservation for two.
        I'd rather do Friday.
        I would prefer the morning.
        You know what, I'll take it.
        I'll have the large one.
        Let's do Friday.
        Book me for Tuesday.
        Okay, well, I need an appointment.
        > A deep clean is ninety dollars, and there is a room for children.
        Call me back later.
        Text me the address.
        Give me the address.
        Tell me more.
        Just tell me the price.
        Skip that.
        Go back to the first one.
        Start over, please.
        Cancel my appointment.
        Change the date, please.
        I was hoping to come in today.
        I'm calling about my order.
        I'm trying to reach Doctor Lee.
        Help me, please.
        This is an emergency.
        Can I have the address?
        May I book for Monday?
        Leave a message for her.
        Wait, I'd like to book.
        Excuse me, sir, I need to speak to a manager.
        ---
        > We're open from nine to six on weekdays, and on Saturdays until two.
        can i speak to a person
        a person please
        representative
        representative representative
        operator please
        speak to a human
        i want to talk to a human being
        can i just talk to a real person
        let me talk to a manager
        get me the manager please
        customer service
        transfer me to the front desk
        repeat that
        repeat that please
        could you repeat that
        can you say that again please
        could you spell that
        please speak slower
        slow down please
        i'd like to book
        id like to book an appointment
        i'd like to cancel
        i need to reschedule
        i want to make a reservation for two
        i'd rather do friday
        i would prefer the morning
        you know what i'll take it
        i'll have the large one
        let's do friday
        book me for tuesday
        yeah okay well i need an appointment
        > A deep clean is ninety dollars, and there is a room for children.
        call me back later
        text me the address
        give me the address
        tell me more
        just tell me the price
        skip that
        start over please
        cancel my appointment
        i was hoping to come in today
        i'm calling about my order
        im trying to reach doctor lee
        this is an emergency
        can i have the address
        may i book for monday
        uh i need uh i need help
        wait i'd like to book
    """,
    Act.STOP: """
        > We're open from nine to six on weekdays, and on Saturdays until two.
        Stop.
        Stop, stop.
        Stop it.
        Please stop.
        Stop talking.
        Please stop talking.
        Can you stop?
        Could you please stop talking?
        Would you please be quiet?
        Be quiet.
        Shut up!
        Wait.
        Wait, wait.
        Wait a minute.
        Just a second.
        One moment, please.
        Hold on.
        Hold on a second.
        Hang on, hang on.
        Hold please.
        Oh wait.
        Okay, hold on.
        Yeah, stop.
        Let me stop you there.
        Sorry to interrupt.
        I'm sorry to interrupt you.
        Excuse me, sir.
        Excuse me.
        No.
        No, no, no.
        Never mind.
        That's enough.
        Hold on, let me get a pen.
        Wait, my wife is calling me.
        Give me a second.
        Can I stop you there?
        Let me finish.
        Forget it.
        ---
        > We're open from nine to six on weekdays, and on Saturdays until two.
        stop
        stop stop
        please stop
        stop please
        stop talking
        can you stop
        can you please stop
        could you stop talking
        would you please be quiet
        be quiet
        shut up
        wait
        wait wait wait
        wait a minute
        just a second
        one moment please
        hold on
        hold on a second
        hang on
        hold please
        oh wait
        okay hold on
        um wait
        yeah yeah stop
        let me stop you there
        sorry to interrupt
        excuse me sir
        excuse me
        no
        no no no
        never mind
        that's enough
        hold on let me get a pen
        wait my wife is calling me
        give me a second
        forget it
        espera
        warte mal
        un momento
        attendez
        arrêtez
    """,
    Act.CORRECTION: """
        > I have you down for Thursday at nine for three people, under Bill.
        No, Tuesday.
        No, on Tuesday.
        No, I want Tuesday instead.
        No, I said Tuesday.
        I said Tuesday, not Thursday.
        I said two people.
        I didn't say Thursday.
        I meant Tuesday.
        That's not right.
        That's wrong.
        That's wrong, my name is Bob.
        That's not my name.
        That's not what I said.
        It's not what I wanted.
        You got my name wrong.
        No, my name is Bob.
        No, it's for Friday.
        No, make it ten.
        No, not Thursday.
        No, two.
        Actually, I need to change the date.
        Actually, make it four.
        Actually, no.
        No thank you.
        No, thanks.
        I'm not interested.
        I don't want that.
        I changed my mind.
        You misunderstood.
        No, that's wrong.
        Wrong.
        No. I need Tuesday.
        I already told you that.
        Sorry, no, Tuesday.
        ---
        > I have you down for Thursday at nine for three people, under Bill.
        no tuesday
        no on tuesday
        no i want tuesday instead
        no i said tuesday
        i said tuesday not thursday
        i said two people
        i didn't say thursday
        that's not right
        thats not right
        that's wrong
        that's wrong my name is bob
        that's not what i said
        you got my name wrong
        no my name is bob
        no it's for friday
        no make it ten
        no not thursday
        no two
        actually i need to change the date
        actually make it four
        actually no
        no thank you
        no thanks
        not interested
        i don't want that
        i changed my mind
        no that's wrong
        um no tuesday
        oh no i meant friday
        no the other one
        no tomorrow
    """,
    Act.ANSWER: """
        > Would you like to come in on Monday at nine, or Tuesday at ten thirty?
        Nine.
        Nine works.
        Monday.
        Monday, please.
        Tuesday at ten thirty.
        The second one.
        Either one.
        Neither, thanks.
        Monday is better for me.
        I'd rather have Monday.
        Um, Monday, I think.
        Whatever is earlier.
        10:30.
        > Is that for two people?
        Yes.
        Yeah.
        Yep.
        Uh-huh.
        Mm-hmm.
        Yes, please.
        Yes, it is.
        Sure.
        Correct.
        No.
        Nope.
        No, three.
        No, thank you.
        Not really.
        I think so.
        I don't know.
        Maybe.
        Okay.
        That's right.
        It's just me.
        > All right. Let me know which.
        The first one.
        Friday.
        > Thank you. Please tell me your name.
        Bob.
        Bob Smith.
        My name is Bob.
        It's Bob, B O B.
        > Would you like nine or ten, or shall I look at Friday.
        Friday, please.
        Ten.
        > And what is the best number to reach you?
        555 0100.
        My number is 555 0100.
        It's five five five, zero one hundred.
        > Great, Tuesday it is. Does that
        Yes, it does.
        > Shall I book it
        Yes.
        ---
        > Would you like to come in on Monday at nine, or Tuesday at ten thirty?
        nine
        nine works
        monday
        monday please
        tuesday at ten thirty
        the second one
        either one
        neither
        monday is better for me
        i'd rather have monday
        um monday i think
        tuesday at 10 30
        > Is that for two people?
        yes
        yeah
        yeah yeah
        yep
        uh huh
        mm hmm
        yes please
        yes it is
        sure
        correct
        no
        nope
        no three
        no thank you
        not really
        i think so
        i don't know
        maybe
        okay
        that's right
        two
        just me
        sí
        ja
        > All right. Let me know which.
        the first one
        friday
        > Thank you. Please tell me your name.
        bob
        bob smith
        my name is bob
        > And what is the best number to reach you?
        555 0100
        my number is 555 0100
        i don't have one
    """,
    Act.GOODBYE: """
        > We're open from nine to six on weekdays, and on Saturdays until two.
        Bye.
        Bye-bye.
        Goodbye.
        Okay, bye.
        Okay, thank you, bye.
        That's all, thanks, bye.
        That's all.
        That's all I needed, thank you.
        That'll be all.
        That's it for today, thanks.
        Nothing else, thank you.
        All right, take care.
        See you then.
        See you on Monday, bye.
        I have to go.
        Sorry, I've got to go, bye.
        I'll call back later.
        Have a good day, bye.
        Thanks for your help, goodbye.
        Adiós.
        Talk to you later.
        Good night.
        Okay, I'm done.
        > Is there anything else I can do for you?
        No, that's all, bye.
        No thanks, bye.
        That's all, thank you.
        ---
        > We're open from nine to six on weekdays, and on Saturdays until two.
        bye
        bye bye
        goodbye
        okay bye
        okay thank you bye
        that's all thanks bye
        that's all
        thats all i needed thank you
        that'll be all
        nothing else thank you
        all right take care
        see you then
        i have to go
        i'll call back later
        have a good day bye
        thanks for your help goodbye
        adiós
        au revoir
        tschüss
        talk to you later
        good night
        i gotta go
        > Is there anything else I can do for you?
        no that's all bye
        no thanks bye
    """,
}


def _utterances(act: Act, block: str) -> Iterator[Utterance]:
    heard = ""
    for line in filter(None, map(str.strip, block.splitlines())):
        if line.startswith(">"):
            heard = line.removeprefix(">").strip()
        else:
            yield Utterance(line, heard, act)


def _half(number: int) -> list[Utterance]:
    return [
        utterance
        for act, blocks in _TABLE.items()
        for utterance in _utterances(act, blocks.split("---\n")[number])
    ]


PUNCTUATED = _half(0)
RAW = _half(1)
UTTERANCES = PUNCTUATED + RAW
