"""The English words of the grammar. Singular and plural are one form; a hyphen counts as a space.

Anchors are named by the field they speak of, or by the kind of act where the field depends on the rest.
"""

from crm.segments.language.kinds import Kind

Words = dict[Kind, dict[str, str]]

ENGLISH: Words = {
    Kind.NEGATION: {
        "": "not|no|never|without|w/o|haven't|hasn't|hadn't|didn't|doesn't|don't|isn't|aren't|wasn't|weren't|won't"
        "|cannot|can't|couldn't|nor|neither|none|nothing|nobody|non|lack|lacking|yet to|failed to|fail to|have not"
        "|has not|did not|do not|does not|are not|is not|was not|were not|had not|none of|not a single|nil|has n't"
        "|ain't|not yet|not once|without any|with no|with zero|have no|has no|had no|not even|devoid of|outside"
        "|outside of|anywhere but|everywhere but|anything but|stopped"
    },
    Kind.EXCEPT: {
        "post": "excluded|left out|aside",
        "": "except|everyone but|everybody but|anyone but|all but|all members but|except for|excluding|exclude"
        "|other than|apart from|aside from|besides|minus|leave out|leaving out|drop|remove|skip|omit|filter out"
        "|take out|get rid of|rule out|not including|excl|sans|bar|throw out|kick out|strip out|take away"
        "|not counting|weed out|leave off|ditch",
    },
    Kind.COMPARE: {
        ">": "over|more than|above|exceeding|exceed|greater than|higher than|north of|beyond|in excess of|older than"
        "|longer than|bigger than|larger than|better than|>|upwards of|more often than|over the age of|topping"
        "|surpassing",
        ">=": "at least|minimum|minimum of|a minimum of|min|no less than|not less than|no fewer than|not fewer than"
        "|>=|≥|starting at|starting from|at or above|no lower than|not under|not below",
        "<": "under|below|less than|fewer than|lower than|younger than|smaller than|short of|<|south of|within"
        "|under the age of|shorter than|beneath|shy of|newer than",
        "<=": "at most|up to|no more than|not more than|maximum|maximum of|a maximum of|max|not over|not exceeding"
        "|<=|≤|at or below|no higher than|not above|capped at|no older than",
        "=": "exactly|precisely|equal to|equals|equalling|=",
        "post>=": "or more|or above|and above|and up|or higher|or over|and over|or greater|and more|or up|or older"
        "|and older|or longer|or better|and higher",
        "post<=": "or less|or fewer|or under|and under|or below|and below|or younger|and younger|or lower|and lower"
        "|and less|and fewer",
    },
    Kind.BETWEEN: {
        "": "between|between the ages of|between ages|ages between|aged between|ranging from|in the range|range of"
    },
    Kind.AGO: {"": "ago|back|earlier|or more ago|or longer ago"},
    Kind.LEVEL: {"high": "high|highly|elevated|severe", "medium": "medium|moderate|mid", "low": "low"},
    Kind.AND: {"": "and|&|plus|as well as|+|and also|along with|together with|n"},
    Kind.OR: {"": "or|and/or|vs|versus|or else|alternatively"},
    Kind.BUT: {"": "but|yet|though|although|while|however|only that|but also|but still|but then|whereas"},
    Kind.OPEN: {
        "": "who|whose|that|which|with|w/|having|where|who've|who're|whom|and who|that're|who'd|showing|carrying"
        "|holding"
    },
    Kind.VERB: {"": "have|has|had|are|is|was|were|did|do|does|be|been|being|having been|ever"},
    Kind.HEAD: {
        "": "member|mbr|customer|people|ppl|folk|user|client|person|guy|everyone|everybody|anyone|anybody|someone"
        "|contact|audience|crowd|cohort|base|population|human|lady|all of them|cardholder|holder|fan|individual"
        "|segment|membership base|member base|customer base|memberships"
    },
    Kind.ME: {
        "": "my|mine|my own|of mine|i own|i manage|i look after|i handle|assigned to me|under me|belong to me"
        "|my book|in my book|my portfolio|my client list|under my care|in my care|i'm responsible for|my side"
        "|my name|on my book|in my portfolio|i'm looking after|on my list|my list|my patch|my accounts|my clients"
        "|that are mine"
    },
    Kind.EACH: {
        "": "by|x|×|per|spread over|distributed over|spread across|distributed across|divided by|split over"
        "|divided into|each|every|across|among|grouped by|group by|for each|in each|broken down by|break down by"
        "|split by|split across|across the|for every|in every|by each|broken out by|segmented by|sliced by|slice by"
    },
    Kind.SPREAD: {
        "": "matrix|breakdown|break it down|break that down|break this down|break them down|break those down"
        "|distribution|distributed|distribute|mix|split|composition|break down|broken down|makeup of|breakdown of"
        "|spread|segmentation|histogram|wise|divided|divide|slice|what does the|fall into|sit in|falls into"
        "|falling into|compare|grouped|group them|group"
    },
    Kind.TOP: {"desc": "top|first|highest ranked|limit|cap at", "asc": "bottom|worst"},
    Kind.SUPERLATIVE: {
        "desc": "most|most recent|most recently|highest|largest|biggest|greatest|richest|heaviest|newest|latest",
        "asc": "least|lowest|fewest|smallest|weakest|longest standing|poorest|longest|earliest|oldest",
    },
    Kind.SORT: {
        "": "sorted by|sort by|sort|sorted|ranked by|rank by|ranked|rank|ranking|order by|ordered by|order them by"
        "|sort them by|rank them by|ranked on|sorted on|in order of|in terms of|according to|based on|measured by"
    },
    Kind.DIRECTION: {
        "desc": "descending|desc|highest first|high to low|largest first|biggest first|from high to low|most first"
        "|high first|newest first|latest first|from highest|from the highest|highest to lowest|riskiest first",
        "asc": "ascending|asc|lowest first|low to high|smallest first|from low to high|oldest first|least first"
        "|low first|lowest to highest|from lowest|earliest first|fewest first",
    },
    Kind.AGGREGATE: {
        "avg": "average|avg|mean|on average|typical|averages|ave",
        "sum": "total|sum|sum of|overall|combined|in total|altogether|cumulative|aggregate|gmv",
        "median": "median",
        "share": "share|share of|percentage|percentage of|proportion|proportion of|percent of|fraction of|pct of"
        "|what percent|what percentage",
    },
    Kind.VAGUE: {
        "": "best|valuable|high value|loyal|important|good|great|recent|recently|heavy|frequent|engaged|regular"
        "|premium|key|loyalest|nice|bigmost valuable|most loyal|high spending|low value|promising|problematic"
        "|worthwhile|our finest|favourite|favorite|a lot|often|rarely|a while|long time|frequently|unhappy|happy"
        "|interesting|special|wealthy|rich|old|long term|high end|lots of|a while ago|valued|good ones|our best"
    },
    Kind.REFINE: {
        "narrow": "only|just|narrow|narrow down|limit it to|restrict|restrict to|keep|filter to|filter them"
        "|narrow it down|limit to|narrow to|narrow that|keep only|keep just|focus on|just keep|show only",
        "pronoun": "of those|of them|of these|among them|among those|from those|which of them|which of those"
        "|which of these|out of those|out of them|out of these|those|them|they|these|who of them|from that|of that"
        "|from that list|on that list|in that list|from this list|in that group|within that|in there|the ones|ones"
        "|those who|its members|in it|inside it",
        "replace": "same for|same|instead|make it|make that|what about|how about|i mean|i meant|sorry|actually"
        "|rather|correction|change|change it to|change that to|switch|switch to|swap|replace|change to|no i meant"
        "|the same|same thing|same again|same but|same question|do the same|now for|repeat for|repeat|make them"
        "|set it to|should be|should have been|and for|same list|not that|update|no wait|oops|i meant to say|try"
        "|how's|scratch that|wrong|adjust|extend|shorten|widen|raise|lower|tighten|bump|shift",
        "extend": "add|add in|include|including|too|as well|throw in|and also include|bring in|also add|also include",
        "also": "also",
        "remove": "ignore|ignoring|regardless of|forget|disregard|forget about|clear|no matter|irrespective of"
        "|take off|undo",
    },
    Kind.ALL_OF: {"": "both|all of the|each of|every one of"},
    Kind.ANY_OF: {"": "any|all|either|any of|one of|some"},
    Kind.SINCE: {"": "since|since then|after that|afterwards|thereafter|ever since"},
    Kind.FIELD: {
        "tier": "tier|level|membership tier|membership level|loyalty tier|tier level|member tier|card level|grade",
        "city": "city|town|location|region",
        "lifecycle_stage": "stage|lifecycle stage|lifecycle|life cycle stage|life stage|lifecycle status",
        "gender": "gender|sex",
        "preferred_channel": "preferred channel|channel|preferred channels|channel preference"
        "|preferred contact channel|favourite channel|favorite channel",
        "csm": "csm|account manager|success manager|relationship manager|owner|csm owner|owning csm",
        "tags": "tag|label",
        "orders.category": "category|product category|categories bought|product type",
    },
    Kind.ANCHOR: {
        "purchase": "buy|buying|bought|purchase|purchased|purchasing|order|ordered|ordering|shop|shopped|shopping"
        "|transact|transacted|transaction|buyer|shopper|purchaser|bought anything|bought something|repurchase"
        "|repurchased|place an order|made a purchase|make a purchase|placed orders|check out|checked out"
        "|shopped with us|bought from us|ordered from us|bought again|ordered again|came back|come back|picked up",
        "silent": "silent|inactive|lapsed|quiet|gone quiet|gone silent|been silent|idle|absent|went quiet|gone cold"
        "|went silent|non buyer|non purchaser|non shopper",
        "orders.spend": "spend|spent|spending|expenditure|total spend|lifetime spend|spender|revenue|amount spent"
        "|purchase value|order value|total spending|turnover|money spent|purchase amount|order amount|shelled out"
        "|splashed out|dropped at least|worth of purchases|worth of orders|outlay|total purchases|paid|paid us|sales",
        "last_order_at": "last order|last ordered|last purchase|last purchased|last bought|most recent order"
        "|last shopped|most recent purchase|latest order|latest purchase|last transaction|last time they ordered"
        "|last buy|last time they bought|last order date|last ordering|last placed an order|last order was"
        "|last purchase was|last order is|last order placed|recency|time since last order|last seen",
        "messages.received": "receive|received|receiving|got|were sent|was sent|been sent|contacted|messaged|touched"
        "|emailed|texted|were contacted|been contacted|heard from us|reached|got hit with|gotten|heard",
        "message": "message|msg|touch|communication|touchpoint|sms message",
        "messages.opened": "open|opened|opening|email open|message open|opener",
        "messages.clicked": "click|clicked|clicking|click through|clicked through|clicker|clicked on|tapped|tap"
        "|tapped on",
        "coupon.redeemed": "redeem|redeemed|redemption|redeeming|coupon|voucher|used a coupon|coupon redemption"
        "|redeemer|coupon use|cashed in|coupons redeemed|coupon redeemed|promo code|cash in",
        "joined_at": "join|joined|joining|signed up|sign up|signup|registered|register|registration|enrolled|enrol"
        "|enroll|became a member|become a member|became member|been a member|been member|been with us|member for"
        "|member since|joiner|onboarded|been around|come on board|came on board|tenure|opened an account|new sign up"
        "|newly joined|enrolment|enrollment|been customers|been a customer|with us for|with us since|join date"
        "|newcomer|signing up|new joiner|became customers|newly registered|been members|been loyal|membership age",
        "anniversary": "anniversary|membership anniversary|joining anniversary|join anniversary|member anniversary"
        "|sign up anniversary|years with us",
        "birthday": "birthday|bday|b day|born|birth date|birthdate|date of birth|birthday month|dob|turn a year older",
        "age": "age|aged|year old|yr old|yo|y/o|years of age|years old|in age|ages",
        "points_balance": "point|pt|points balance|point balance|loyalty point|points in the account|unused points"
        "|points left|reward point|balance",
        "clv": "clv|ltv|cltv|lifetime value|customer lifetime value|predicted value|predicted lifetime value"
        "|life time value|expected lifetime value|predicted clv|customer value",
        "churn_risk": "churn|churn risk|churn score|churn probability|risk of churn|risk of churning|attrition risk"
        "|churning|likely to churn|at risk|risk score|churn likelihood|likelihood to churn|attrition|about to churn"
        "|risk|risky|at risk of churning|at risk of churn|likely to leave|flight risk|chance of churning"
        "|likelihood of churning|risk of leaving|probability of churn|chance of churn|churners|at risk of leaving"
        "|odds of churning",
        "activity": "activity|activeness|activity trend|activity level|engagement|activity score trend|activities",
        "activity_trend": "declining|decline|declined|dropping|dropped|falling|fallen|fell|shrinking|slipping"
        "|slipped|sliding|decreasing|decreased|going down|trending down|on the decline|down|declining activity"
        "|drop in activity|weakening|dwindling|waning|slumping|has gone down|been going down|went down|downward"
        "|tailing off|fading|sinking|cooling|cooling off|losing steam|slowing down|decline in activity|activity drop"
        "|activity decline|diminishing|deteriorating|downward trend|dipped|slid|worsening|downhill|activity dip"
        "|slowing",
        "consent": "consent|consented|opt in|opted in|opt into|opted into|subscribe|subscribed|subscriber"
        "|subscription|agreed to|agree to|agreed|allow|allowed|accept|permission|consenting|ok with|okay with"
        "|can be reached|reachable|contactable|agreed to receive|agree to receive|agreed to get|allow us to"
        "|fine with|happy to receive|can be contacted|may be contacted|willing to receive|signed up for|signed up to"
        "|opted|permit|permitted|opt in to|opted in to|opted in for|we can contact|we may contact|can contact"
        "|accepting|said yes to|subscribing|marketing consent|consent for|consent to|opted-in to|can reach|mailable"
        "|textable|allowed to",
        "opt_out": "opt out|opted out|unsubscribed|unsubscribe|unsubscriber|withdrew consent|withdrawn consent"
        "|refused|refuse|opting out|declined to receive|withdrew|revoked|unsubscribed from|opt out of|opted out of"
        "|said no to|revoked consent|turned off|turned down|switched off|rejected|blocked",
        "blacklisted": "blacklisted|blacklist|blocklisted|blocklist|suppressed|suppression list|do not contact"
        "|black listed|black list|dnc|suppression|barred|block list|do not contact list|blocked list",
        "preferred_channel": "prefer|preferring|preferred|preference|channel of choice|prefer to hear from us|favour"
        "|favor|rather be contacted|like to be contacted|prefer to be contacted|prefer being contacted"
        "|would rather get|prefer to get|prefer getting|best reached|prefer to receive|channel is"
        "|preferred channel is|likes to be reached",
        "tagged": "tagged|labelled|labeled|flagged as|tagged as|marked as|carry the tag",
        "campaign": "campaign|campaigns|participant|participated|took part|take part|part of|targeted|included in"
        "|was in|were in|been in|involved in|recipient|enrolled in|participate|taken part|were part of|included"
        "|attendee|participating|exposed to|been part of|been included in|been targeted by|on the list for"
        "|covered by|reached by|member of",
        "used": "used|use|using",
    },
    Kind.RULE: {"": "filter|condition|criterion|criteria|restriction|requirement|constraint|clause|limitation|part"},
    Kind.FILLER: {
        "": "win back|winback|reactivation|how many|how much|number of|list|show|give|tell|find|get|count|what"
        "|what's|the|of|in|at|on|for|please|our|we|us|to|a|an|me|currently|now|still|already|at all|with us|living"
        "|live|based|located|resident|here|there|s|'s|can you|could you|would you|i want|i need|i'd like|want to see"
        "|see|pull|pull up|look up|fetch|me a|as of today|do we have|we have|are there|is there|there are|there is"
        "|you|your|i|anything|something|stuff|product|goods|item|placed|place|made|make|from|their|his|her|its"
        "|also have|time|single|whatsoever|so far|today's|total number|headcount|size|i'm|let's|let me|ok|okay|hi"
        "|hello|hey|thanks|thank you|pls|plz|kindly|quick|worth|in a row|row|running|straight|consecutive"
        "|consecutively|in total of|or so|about|around|roughly|card|right now|at the moment|at present|in the|status"
        "|state|country|store|shop floor|our system|system|database|crm|data|names|name|details|how|when|value"
        "|amount|has been|have been|it's|if|as|than|same time|again|then|up|need|want|like|would|could|should|will"
        "|shall|can|may|might|question|happen|happens|such|kind of|sort of|via|through|address|using our|both of"
        "|lists|a list of|display|output|return|who are|ourselves|record|registered with|come|comes|came|coming|look"
        "|looking|check|checking|say|know|think|really|whole|entire|full|even|date|gets|getting|account|went|go"
        "|going|over to|set|put|took|take|taken|happened|each of our|by any chance|more|sit|stand|standing|bit"
        "|live in|coming from|from the|tiered|type|purchase history|fall|falls|falling on|falls in|fall in"
        "|falling in|come up|coming up|celebrate|celebrating|celebrates|score|campaign for|rate|dollar|figure"
        "|numbers|did they|they've|they're|i've|we've|order history|yes|alright|link|links|anywhere|whatever"
        "|not sure|during|within the|bad|worth of|minded"
        "|month's|year's|week's|lists of|hold|have got|have got a|has got|got a|in terms|days|them all|last time"
        "|period|timeframe|time frame|window|hand|own|owned|managed|manage|manages|assigned|look after|looked after"
        "|handled|belonging|belongs|belong|looks after|handles|care of|book|portfolio|profile|profiles|cell"
        "|marketing|and then|so|well|because|instead of|cards|tie|combination|level of"
    },
}
