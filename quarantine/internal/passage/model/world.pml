/* world.pml: what the server and people do. passage.pml includes it. */

/* -- bounds of a world, set by the list of worlds -- */
#ifndef NRUN
#define NRUN 1          /* runs at once, each in a process of its own */
#endif
#ifndef DIR1
#define DIR1 TOQ
#endif
#ifndef DIR2
#define DIR2 TOQ
#endif
#ifndef WAY
#define WAY TRANSFER
#endif
#ifndef WAY2
#define WAY2 WAY
#endif
#ifndef MOVES           /* the owner moves an item to another folder */
#define MOVES 0
#endif
#ifndef EDITS           /* the owner changes the text */
#define EDITS 0
#endif
#ifndef COPIES          /* the owner copies the original, stamp and all */
#define COPIES 0
#endif
#ifndef DELS            /* a person deletes an item, at either end */
#define DELS 0
#endif
#ifndef AMOVES          /* an analyst moves an item in quarantine */
#define AMOVES 0
#endif
#ifndef STRIPS          /* a person or program takes the stamp off an item of the user */
#define STRIPS 0
#endif
#ifndef FAULTS          /* an answer is lost: acted, not acted, or acts later */
#define FAULTS 0
#endif
#ifndef ERRS            /* a carry is answered with an error: acted or not */
#define ERRS 0
#endif
#ifndef LIES            /* MoveItem or DeleteItem says Success and does nothing */
#define LIES 0
#endif
#ifndef LAG             /* items that a search does not show yet */
#define LAG 0
#endif
#ifndef CRASHES
#define CRASHES 0
#endif
#ifndef TWIN            /* another message with the same Message-ID */
#define TWIN 0
#endif
#ifndef LOOKS           /* looks in a row that show absence */
#define LOOKS 2
#endif
#ifndef AGAIN           /* how often an undecided run is settled at rest */
#define AGAIN (NRUN==1 -> 3 : 1)
#endif
#ifndef TRIES           /* Attempts of the engine */
#define TRIES 3
#endif
#define NOBJ 6
#define NATT 7          /* attempts 1 to NATT-1; 0 is that of an earlier operation */
#ifndef MAXATT
#define MAXATT NATT     /* a world may have fewer; a run that needs more ends undecided */
#endif

#define USER 0
#define QUAR 1
#define NO 0
#define TOQ 1
#define TOU 2
#define SUR 3           /* direction "s", surplus */
#define MOVE 0
#define TRANSFER 1
#define MIME 2
#define NIL 255

/* An object has an identity, its slot, that no run can see. A run sees ids: slot*8+ver.
 * A move gives another id. hid: searches do not show it. */
typedef Obj { bit alive; bit mb; bit fold; bit hid; byte ver; byte ck; bit msg; byte cont; byte sdir; byte satt };
Obj o[NOBJ];
byte nobj = 0, natt = 1;
bit expired[NATT];      /* the lease is over, so nothing of the attempt can land any more */
byte inflight[NATT];
byte op[NATT];          /* the operation that an attempt belongs to: its first attempt */
#if LAG > 0
byte xh[NATT];          /* items that were hidden when the lease ended */
byte wS[2], wC[2];      /* items that were hidden at the end of the first look without the original, the copy */
#endif
byte moves = MOVES, edits = EDITS, copies = COPIES, dels = DELS, amoves = AMOVES, strips = STRIPS;
byte faults = FAULTS, errs = ERRS, crashes = CRASHES, lag = 0, lies = LIES;
bit persondel = 0, told = 0;
bit missed = 0;         /* a first search did not see it: notFound, and nothing was done */
byte ended = 0, undec = 0;
byte latest = 0;        /* newest text of message 0 */
#ifdef MARKWAIT
bit im[2];              /* this run has read the item, and its mark has not landed yet */
#endif

/* one request that the server carries out later: 1 MoveItem, 2 create, 3 mark, 4 DeleteItem */
byte lk = 0, lid, ldst, lmsg, lcont, lsd, lsa, latt, lck;

#define LIVE(i,m) (i!=NIL && o[(i)/8].alive && o[(i)/8].ver==(i)%8 && o[(i)/8].mb==(m))
#define CARRIES(i,d,a0) (o[(i)/8].sdir==(d) && o[(i)/8].satt==(a0))
#define ID(k) ((k)*8+o[k].ver)
#ifdef NOCK             /* change keys are ignored */
#define CKOK(i,m,ck0) LIVE(i,m)
#else
#define CKOK(i,m,ck0) (LIVE(i,m) && o[(i)/8].ck==(ck0))
#endif
#define HIDMASK (o[0].hid | o[1].hid<<1 | o[2].hid<<2 | o[3].hid<<3 | o[4].hid<<4 | o[5].hid<<5)
#define IS(k,g) (o[k].alive && o[k].msg==(g) && o[k].sdir!=SUR)
#define CNT(g) (IS(0,g)+IS(1,g)+IS(2,g)+IS(3,g)+IS(4,g)+IS(5,g))
#define AT(k,g,m) (IS(k,g) && o[k].mb==(m))
#define CNTAT(g,m) (AT(0,g,m)+AT(1,g,m)+AT(2,g,m)+AT(3,g,m)+AT(4,g,m)+AT(5,g,m))
#define NEW(k) (o[k].alive && o[k].msg==0 && o[k].cont==latest)
#define NEWEST (NEW(0)||NEW(1)||NEW(2)||NEW(3)||NEW(4)||NEW(5))
#define ST(k,m,d,a0) (o[k].alive && o[k].mb==(m) && o[k].sdir==(d) && o[k].satt==(a0))
#define SOMEST(m,d,a0) (ST(0,m,d,a0)||ST(1,m,d,a0)||ST(2,m,d,a0)||ST(3,m,d,a0)||ST(4,m,d,a0)||ST(5,m,d,a0))
#define EX(i) (i>=natt || expired[i])
#define ALLEXP (EX(1)&&EX(2)&&EX(3)&&EX(4)&&EX(5)&&EX(6))

#if LAG > 0
inline appears(xk) {    /* nobody waits for it any more */
	d_step { wS[0] = wS[0] & ~(1<<(xk)); wS[1] = wS[1] & ~(1<<(xk)); wC[0] = wC[0] & ~(1<<(xk)); wC[1] = wC[1] & ~(1<<(xk));
	xh[1] = xh[1] & ~(1<<(xk)); xh[2] = xh[2] & ~(1<<(xk)); xh[3] = xh[3] & ~(1<<(xk));
	xh[4] = xh[4] & ~(1<<(xk)); xh[5] = xh[5] & ~(1<<(xk)); xh[6] = xh[6] & ~(1<<(xk)) }
}
inline maybehide(xk) { if :: lag > 0 -> lag--; appears(xk); o[xk].hid = 1 :: skip fi }
#else
inline maybehide(xk) { skip }
#endif
inline create(xm, xg, xt, xd, xa) {
	assert(nobj < NOBJ);
	o[nobj].alive = 1; o[nobj].mb = xm; o[nobj].fold = 0; o[nobj].msg = xg; o[nobj].cont = xt;
	o[nobj].sdir = xd; o[nobj].satt = xa; maybehide(nobj); nobj++
}
inline carryover(xi, xfrom, xto) {      /* MoveItem to the other mailbox */
	if :: LIVE(xi, xfrom) -> o[(xi)/8].ver++; o[(xi)/8].mb = xto; o[(xi)/8].fold = 0; maybehide((xi)/8) :: else fi
}
inline stamp(xi, xd, xa) { o[(xi)/8].sdir = xd; o[(xi)/8].satt = xa; o[(xi)/8].ck++ }

/* After each removal: a whole copy of each message is there that is not surplus, and one
 * with the newest text, unless a person deleted one. */
inline whole() {
	assert(persondel || CNT(0) > 0);
	assert(!TWIN || persondel || CNT(1) > 0);
#if !defined(NOCK) || defined(EDITCHECK)
	assert(persondel || NEWEST)
#endif
}

active proctype People() {
	byte k = 0;
	(nobj > 0);
	do
	:: atomic { moves > 0 -> moves--; if :: k=0 :: k=1 :: k=2 :: k=3 fi;
		if :: o[k].alive && o[k].mb==USER -> o[k].ver++; o[k].fold = 1-o[k].fold; maybehide(k) :: else fi; k=0 }
	:: atomic { edits > 0 -> edits--; if :: k=0 :: k=1 :: k=2 fi;
		if :: o[k].alive && o[k].mb==USER && o[k].msg==0 && o[k].cont==latest -> latest++; o[k].cont = latest; o[k].ck++ :: else fi; k=0 }
	:: atomic { copies > 0 -> copies--; if :: o[0].alive && o[0].mb==USER -> create(USER, o[0].msg, o[0].cont, o[0].sdir, o[0].satt) :: else fi }
	:: atomic { dels > 0 -> dels--; if :: k=0 :: k=1 :: k=2 fi;
		if :: o[k].alive -> o[k].alive = 0; o[k].hid = 0; persondel = 1 :: else fi; k=0 }
	:: atomic { amoves > 0 -> amoves--; if :: k=0 :: k=1 :: k=2 :: k=3 fi;
		if :: o[k].alive && o[k].mb==QUAR -> o[k].ver++; o[k].fold = 1-o[k].fold; maybehide(k) :: else fi; k=0 }
	:: atomic { strips > 0 -> strips--; if :: k=0 :: k=1 :: k=2 fi;
		if :: o[k].alive && o[k].mb==USER && o[k].sdir!=NO -> stamp(k*8, NO, 0) :: else fi; k=0 }
	:: moves+edits+copies+dels+amoves+strips == 0 || ended == NRUN -> break
	od
}

inline expire(xa) {
	expired[xa] = 1;
#if LAG > 0
	xh[xa] = HIDMASK
#endif
}

/* Late acts, the index that catches up, and leases that end. */
active proctype Server() {
	byte k = 0;
	(nobj > 0);
	do
	:: atomic { lk==1 -> carryover(lid, (1-ldst), ldst); inflight[latt]--; lk=0; lid=0; ldst=0; latt=0 }
	:: atomic { lk==2 -> create(ldst, lmsg, lcont, lsd, lsa); inflight[latt]--; lk=0; ldst=0; lmsg=0; lcont=0; lsd=0; lsa=0; latt=0 }
	:: atomic { lk==3 -> if :: CKOK(lid, ldst, lck) -> stamp(lid, lsd, lsa) :: else fi;
		inflight[latt]--; lk=0; lid=0; ldst=0; lsd=0; lsa=0; latt=0; lck=0 }
	:: atomic { lk==4 -> if :: CKOK(lid, ldst, lck) -> o[lid/8].alive = 0; o[lid/8].hid = 0 :: else fi;
		lk=0; lid=0; ldst=0; lck=0; whole() }
#if LAG > 0
	:: d_step { o[0].hid -> o[0].hid = 0; appears(0) }
	:: d_step { o[1].hid -> o[1].hid = 0; appears(1) }
	:: d_step { o[2].hid -> o[2].hid = 0; appears(2) }
	:: d_step { o[3].hid -> o[3].hid = 0; appears(3) }
	:: d_step { o[4].hid -> o[4].hid = 0; appears(4) }
	:: d_step { o[5].hid -> o[5].hid = 0; appears(5) }
#endif
	:: d_step { natt > 1 && !expired[1] && inflight[1]==0 -> expire(1) }
	:: d_step { natt > 2 && !expired[2] && inflight[2]==0 -> expire(2) }
	:: d_step { natt > 3 && !expired[3] && inflight[3]==0 -> expire(3) }
	:: d_step { natt > 4 && !expired[4] && inflight[4]==0 -> expire(4) }
	:: d_step { natt > 5 && !expired[5] && inflight[5]==0 -> expire(5) }
	:: d_step { natt > 6 && !expired[6] && inflight[6]==0 -> expire(6) }
	:: ended==NRUN && lk==0 && HIDMASK==0 -> break
	od;
	/* At rest: one copy of each message that is not surplus, or a run has told of it. */
	atomic {
		assert(persondel || CNT(0) > 0);
		assert(persondel || CNT(1) >= TWIN);
#if STRICT == 1
		assert(COPIES > 0 || CNT(0) <= 1);            /* told or not */
#elif STRICT == 2
		assert(COPIES > 0 || CNT(0) <= 1 || undec > 0)  /* two only if a run ended undecided */
#else
		assert(COPIES > 0 || CNT(0) <= 1 || told || undec > 0);
#endif
		assert(CNT(1) <= TWIN || told || undec > 0);
		assert(NRUN > 1 || persondel || TWIN || told || undec > 0 || missed || CNTAT(0, (DIR1==TOQ -> QUAR : USER)) == 1)
	}
}
