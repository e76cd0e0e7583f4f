/* passage.pml: the protocol of package passage, one message on its way.
 *
 * Each atomic block is one call as the server sees it, or one step of a run. Labels
 * are the functions of the package; rows are named as in its table. README.md says
 * what is modelled and what is not.
 */
#include "world.pml"

#define ANY 254         /* any stamp but that of surplus */
#define CRASH if :: crashes > 0 -> crashes--; goto crash :: skip fi
#define UNDECIDED und = 1; goto fin
#define AGAINST(then) tries++; if :: tries > TRIES -> UNDECIDED :: else -> goto then fi
#define FRESH sent = 0; moves1 = 0; inflt = 0; succ = 0; removed = 0; repeated = 0; made = NIL; ver0 = 0; s0 = NIL; n = 0; z = 0
#ifdef LOOK_BEFORE_END  /* the lease is looked at after the look */
#define FREE expired[a]
#elif defined(RESEND)    /* nothing waits for the end of the lease */
#define FREE true
#else
#define FREE free0
#endif

/* of a later attempt of the same operation: another run has begun anew with it */
#define LATER(k) (o[k].sdir==dir && o[k].satt > a && op[o[k].satt]==op[a])
#define LEFT(k) (o[k].alive && LATER(k))
#define SOMELATER (LEFT(0)||LEFT(1)||LEFT(2)||LEFT(3)||LEFT(4)||LEFT(5))

#ifdef AGAIN_LATE       /* the same move again, whenever that is */
#define INTIME true
#else
#define INTIME !expired[a]
#endif

/* A search: each folder is a call of its own. xd==NIL: by Message-ID; xa==NIL: any stamp
 * of that direction but surplus. It finds two at most, and what they were when seen. */
inline one(xm, xf, xd, xa) {
	k = 0;
	do
	:: k < nobj ->
		if :: o[k].alive && o[k].mb==(xm) && o[k].fold==(xf) && !o[k].hid && ((xd)==NIL || ((xd)==ANY -> o[k].sdir!=NO && o[k].sdir!=SUR : o[k].sdir==(xd) && ((xa)==NIL || o[k].satt==(xa)))) ->
			if :: r1==NIL -> r1 = ID(k); c1 = o[k].ck :: else -> if :: r2==NIL && r1!=ID(k) -> r2 = ID(k); c2 = o[k].ck :: else fi fi
		   :: else fi; k++
	:: else -> break
	od; k = 0
}
inline search(ym, yd, ya) {
	d_step { r1 = NIL; r2 = NIL; c1 = 0; c2 = 0; one(ym, 0, yd, ya) }
	d_step { one(ym, 1, yd, ya) }
}
inline search_scope(ym, yd, ya) {       /* the folder where it should be; else everywhere */
	d_step { r1 = NIL; r2 = NIL; c1 = 0; c2 = 0; one(ym, 0, yd, ya) }
	if :: r1==NIL -> search(ym, yd, ya) :: else fi
}
/* The same for the attempt, in a look: it remembers the latest of the later attempts of
 * the operation that it meets. */
inline meet(xm, xf) {
#ifndef NO_FOLLOW
	k = 0;
	do
	:: k < nobj -> if :: o[k].alive && o[k].mb==(xm) && o[k].fold==(xf) && !o[k].hid && LATER(k) && o[k].satt > nw -> nw = o[k].satt :: else fi; k++
	:: else -> break
	od; k = 0
#else
	skip
#endif
}
inline search_meeting(ym) {
	d_step { r1 = NIL; r2 = NIL; c1 = 0; c2 = 0; one(ym, 0, dir, a); meet(ym, 0) }
	d_step { one(ym, 1, dir, a); meet(ym, 1) }
}
inline see(xi, xm) { s = xi; sck = o[(xi)/8].ck; ssd = o[(xi)/8].sdir; ssa = o[(xi)/8].satt }
/* two ids are two objects only if both exist at once: read one, the other, and the one again */
inline existing(xm) {
	if :: r2!=NIL ->
		atomic { if :: !LIVE(r1,xm) -> r1 = r2; c1 = c2; r2 = NIL :: else fi };
		atomic { if :: r2!=NIL && !LIVE(r2,xm) -> r2 = NIL :: r2!=NIL && LIVE(r2,xm) -> c2 = o[r2/8].ck :: else fi };
		atomic { if :: r2!=NIL && !LIVE(r1,xm) -> r1 = r2; c1 = c2; r2 = NIL :: r2!=NIL && LIVE(r1,xm) -> c1 = o[r1/8].ck :: else fi }
	   :: else fi
}
/* put a copy aside: mark it as surplus, by its version, and move it */
inline shelve(xi, xck, xm) {
	atomic { told = 1; if :: CKOK(xi,xm,xck) -> o[(xi)/8].sdir = SUR; o[(xi)/8].ck++ :: else fi };
	atomic { if :: LIVE(xi,xm) && o[(xi)/8].sdir==SUR -> o[(xi)/8].ver++; o[(xi)/8].fold = 1; maybehide((xi)/8) :: else fi }
}

proctype Run(byte me; byte dir; byte way0) {
	byte s=NIL, c=NIL, a=0, r1=NIL, r2=NIL, c1, c2, k, way, made=NIL, tries=0;
	byte n=0, z=0;                     /* looks in a row without the copy, without the original */
	byte s0=NIL, sck, ssd, ssa, ver0, bsd, bsa, emsg, econt, esd, esa;
	byte nw=0;                         /* a later attempt of the operation, met in this look */
	byte ja=0, js=NIL;                 /* the journal: attempt, id of the source */
	bit adopted=0, sent=0, moves1=0, inflt=0, succ=0, removed=0, repeated=0, markdoubt=0;
	bit free0, okS, okC, seen, other=0, und=0, ack=0, renew=0, gone=0, recovering=0; byte again=0;
	byte src, dst;
	atomic { src = (dir==TOQ -> USER : QUAR); dst = 1-src; way = way0 }

start:  /* the target is searched for */
	if
	:: dir==TOQ ->
		search(src, NIL, NIL);
		atomic {
			if :: r1==NIL -> missed = 1; goto fin       /* notFound, or alreadyQuarantined */
			   :: r1!=NIL -> s = r1; sck = c1
			   :: r2!=NIL -> s = r2; sck = c2 fi;
			/* as the search showed it; who writes by this version finds out */
			if :: LIVE(s,src) && o[s/8].ck==sck -> see(s,src)
			   :: else -> AGAINST(start) fi;
			r1=NIL; r2=NIL; c1=0; c2=0
		}
	:: else ->
		search_scope(src, ANY, NIL); existing(src);
		if :: r2!=NIL ->                        /* Single: the latest attempt stays */
			atomic { if :: o[r2/8].satt > o[r1/8].satt -> k = r1; r1 = r2; r2 = k; k = c1; c1 = c2; c2 = k; k = 0 :: else fi };
			shelve(r2, c2, src)
		   :: else fi;
		atomic {
			if :: r1==NIL -> goto returned
			   :: LIVE(r1,src) && o[r1/8].ck==c1 -> see(r1,src)
			   :: else -> AGAINST(start) fi;
			r1=NIL; r2=NIL; c1=0; c2=0
		}
	fi;
hold:
#ifdef MARKWAIT         /* read again, right before it is marked */
	atomic { if :: LIVE(s,src) -> im[me] = 1; see(s,src) :: else -> gone = 1; goto stopped fi };
#endif
	/* standing: what the stamp on the item means */
	if
	:: renew && ssd==dir && ssa==a -> skip
	:: else ->
		if
		:: ssd==NO || ssd==SUR -> skip
		:: ssd==dir -> goto adopt
		:: else ->
			if :: dir==TOQ && !expired[ssa] -> UNDECIDED :: else fi;
#ifndef NO_FINISHFIRST
			search(dst, ssd, ssa);
			if :: r1!=NIL -> UNDECIDED :: else fi
#endif
		fi
	fi;
mark:   /* the intent; the stamp, by the version that was seen; read back */
	CRASH;
	atomic {
		if :: natt==MAXATT -> again = AGAIN; UNDECIDED :: else fi;
		if :: bsd==NO -> bsd = ssd; bsa = ssa :: else fi;
		op[natt] = (ssd==NO || ssd==SUR -> natt : op[ssa]);
		a = natt; natt++; ja = a; js = s; adopted = 0; FRESH
	}
	CRASH;
	atomic {
		tries++;
		if
		:: CKOK(s,src,sck) -> stamp(s,dir,a); markdoubt = 0
		:: CKOK(s,src,sck) && faults > 0 -> faults--; markdoubt = 1; stamp(s,dir,a)
		:: faults > 0 -> faults--; markdoubt = 1
		:: faults > 0 && lk==0 -> faults--; markdoubt = 1; lk = 3; lid = s; ldst = src; lsd = dir; lsa = a; latt = a; lck = sck; inflight[a]++
		:: !LIVE(s,src) -> gone = 1; goto stopped
		:: LIVE(s,src) && !CKOK(s,src,sck) -> renew = 0
		fi
#ifdef MARKWAIT
		; im[me] = 0
#endif
	}
	CRASH;
#ifdef MARKWAIT         /* nobody who has read the item before the mark can still write */
	im[0]==0 && im[1]==0;
#endif
#ifdef NO_READBACK
	goto carry;
#endif
	atomic {
		if :: !LIVE(s,src) -> gone = 1; goto stopped
		   :: LIVE(s,src) && CARRIES(s,dir,a) -> see(s,src); markdoubt = 0
		   :: else -> see(s,src); renew = 0; if :: tries > TRIES -> goto stopped :: else -> goto hold fi
		fi
	}
	goto carry;
adopt:
	atomic { a = ssa; ja = a; js = s; adopted = 1; FRESH };
	goto look;

carry:
	CRASH;
	renew = 0;
	if
	:: way==MOVE ->
		atomic {
#if !defined(NO_LEASE) && !defined(AGAIN_LATE)
			if :: expired[a] -> renew = 1; goto hold :: else fi;
#endif
			if :: !LIVE(s,src) -> AGAINST(look) :: else fi;      /* ErrorItemNotFound: nothing was sent */
			moves1 = moves1 || !sent; repeated = sent; sent = 1; succ = 0; ver0 = sck; s0 = s; made = NIL;
			if
			:: carryover(s, src, dst); succ = 1
			:: lies > 0 -> lies--; succ = 1
			:: errs > 0 -> errs--
			:: errs > 0 -> errs--; carryover(s, src, dst)
			:: faults > 0 -> faults--; inflt = 1; carryover(s, src, dst)
			:: faults > 0 -> faults--; inflt = 1
			:: faults > 0 && lk==0 -> faults--; inflt = 1; lk = 1; lid = s; ldst = dst; latt = a; inflight[a]++
			fi }
	:: else ->
		atomic {
			if :: LIVE(s,src) -> emsg=o[s/8].msg; econt=o[s/8].cont; esd=o[s/8].sdir; esa=o[s/8].satt
			   :: else -> AGAINST(look) fi;
			if :: way==MIME -> esd = dir; esa = a :: else fi
		}
		CRASH;
		atomic {
#ifndef NO_LEASE
			if :: expired[a] -> AGAINST(look) :: else fi;   /* the time to send is over */
#endif
			moves1 = 0; repeated = sent; sent = 1; succ = 0; ver0 = sck; s0 = s; made = NIL;
			if
			:: made = nobj*8; create(dst, emsg, econt, esd, esa); succ = 1
			:: lies > 0 -> lies--; succ = 1
			:: errs > 0 && !(repeated) -> errs--; emsg=0; econt=0; esd=0; esa=0; sent = 0; goto abandon   /* refused for good: nothing was done */
			:: errs > 0 -> errs--
			:: errs > 0 -> errs--; create(dst, emsg, econt, esd, esa)
			:: faults > 0 -> faults--; inflt = 1; create(dst, emsg, econt, esd, esa)
			:: faults > 0 -> faults--; inflt = 1
			:: faults > 0 && lk==0 -> faults--; inflt = 1; lk = 2; ldst=dst; lmsg=emsg; lcont=econt; lsd=esd; lsa=esa; latt=a; inflight[a]++
			fi;
			emsg=0; econt=0; esd=0; esa=0
		}
	fi;
#ifndef OLD_UNSEEN
	atomic { n = 0; z = 0 };
#endif
#ifdef WROTE_LAG        /* the lag is counted from the write */
	d_step { wS[me] = HIDMASK; wC[me] = HIDMASK };
#endif

look:
	CRASH;
	atomic {
#if LAG > 0
		/* the look that is to show absence begins when the lag is over */
		if :: z >= LOOKS-1 -> wS[me]==0 :: else fi;
		if :: n >= LOOKS-1 -> wC[me]==0 :: else fi;
#endif
		free0 = (!adopted && !inflt) || expired[a];
		okS = z >= LOOKS-1; okC = n >= LOOKS-1;
#if LAG > 0 && !defined(NO_LEASE_LAG)
		/* what landed last, at the end of the lease, may be hidden as long again */
		if :: (adopted || inflt) && (!expired[a] || xh[a]!=0) -> free0 = 0 :: else fi;
#endif
		c = NIL; seen = 0;
		/* the original by its id */
		if :: LIVE(s,src) && CARRIES(s,dir,a) -> sck = o[s/8].ck; ssd = dir; ssa = a; seen = 1
#ifndef OTHER_HANDS
		   :: LIVE(s,src) && !CARRIES(s,dir,a) -> other = 1;    /* another attempt, or no stamp any more */
#ifndef NO_FOLLOW
			if :: LATER(s/8) -> nw = o[s/8].satt :: else fi
#endif
#endif
		   :: else fi
	}
	/* a copy that arrived without its stamp gets it */
	atomic { if :: dir==TOQ && made!=NIL && !repeated && LIVE(made,dst) && o[made/8].sdir==NO -> stamp(made, dir, a) :: else fi };
	/* copies: by the id of the one that was made, else by the attempt */
	atomic { if :: made!=NIL && !repeated && LIVE(made,dst) && (CARRIES(made,dir,a) || dir==TOU && o[made/8].sdir==NO) -> r1 = made; r2 = NIL; c1 = o[made/8].ck; goto copied :: else fi };
	if
	:: dst==QUAR ->         /* the folder where it should be; else everywhere */
		d_step { r1 = NIL; r2 = NIL; c1 = 0; c2 = 0; one(dst, 0, dir, a); meet(dst, 0) }
		if :: r1==NIL -> search_meeting(dst) :: else fi
	:: else -> search_meeting(dst)
	fi;
	existing(dst);
	atomic {        /* what does not carry the attempt any more is none */
		if :: r2!=NIL && !CARRIES(r2,dir,a) -> r2 = NIL :: else fi;
		if :: r2!=NIL && !CARRIES(r1,dir,a) -> r1 = r2; c1 = c2; r2 = NIL :: else fi
	}
copied:
	atomic {
		c = r1; r1 = NIL;
		if
		:: other && nw!=0 && c==NIL -> other = 0; goto follow
		:: other && (nw==0 || c!=NIL) -> other = 0; nw = 0; c = NIL; r2 = NIL; UNDECIDED
		:: else
		fi
	}
	/* the original elsewhere, by its attempt */
	if :: !seen && !(removed || moves1 && c!=NIL) ->
		k = r2;
		search_meeting(src);
		atomic {
			if :: r1!=NIL && LIVE(r1,src) && CARRIES(r1,dir,a) -> see(r1,src); seen = 1 :: else fi;
			r1 = NIL
		}
	   :: else fi;
	atomic { if :: !seen && nw!=0 && c==NIL -> goto follow :: else -> nw = 0 fi }
	atomic {
		z = (seen -> 0 : (z < LOOKS -> z+1 : z)); n = (c!=NIL -> 0 : (n < LOOKS -> n+1 : n));
#if LAG > 0 && !defined(WROTE_LAG)
		if :: z==1 -> wS[me] = HIDMASK :: else fi;
		if :: n==1 -> wC[me] = HIDMASK :: else fi;
#endif
		okS = !seen && (removed || moves1 && c!=NIL || okS);
		okC = c==NIL && okC
	}
	/* the table */
	if
	:: seen && c!=NIL -> goto prove
	:: okS && c!=NIL -> goto arrived
	:: seen && c==NIL && !adopted && !sent -> tries++; if :: tries > TRIES -> goto exhausted :: else -> goto carry fi
	:: seen && c==NIL && (adopted || sent) ->
		if
		:: moves1 && inflt && INTIME -> tries++;                           /* again */
			if :: tries > TRIES -> goto exhausted :: else fi;
			goto carry
		:: !(moves1 && inflt && INTIME) && (adopted || inflt) && !FREE ->            /* under way, doubt */
			if :: expired[a] || n < LOOKS || SOMEST(dst,dir,a) -> goto look :: true -> UNDECIDED fi
		:: else ->
			if :: !okC -> goto look :: else fi;
			if
			:: succ && moves1 -> way = TRANSFER; tries++                   /* next way */
#ifndef SUCCESS_REPEATED
			:: succ && !moves1 -> told = 1; UNDECIDED                      /* vanished */
#endif
			:: !succ && !adopted && !inflt -> tries++                      /* carry */
			:: else -> tries++; renew = 1                                  /* new lease */
			fi;
			if :: tries > TRIES -> goto exhausted :: renew -> goto hold :: else -> goto carry fi
		fi
	:: okS && okC ->                                                       /* nowhere */
		atomic {
#ifdef SAYS
			/* in neither mailbox: not under a later attempt either */
			assert(!SOMELATER);
#endif
			told = 1; if :: recovering && expired[a] -> ja = 0; goto fin :: else -> UNDECIDED fi }
	:: else -> goto look
	fi;

follow: /* the look was for the wrong attempt: another run has begun anew */
	atomic {
		a = nw; nw = 0; ja = a; js = s; adopted = 1; r2 = NIL; FRESH;
		tries++; if :: tries > TRIES -> UNDECIDED :: else -> goto look fi
	}

prove:  /* both are there: compare, remove the original, read back */
	CRASH;
	atomic {
		ack = 0;
#ifdef NO_PROOF
		goto proved;
#endif
		/* every property, and the version that was sent; else the content, as it is now */
#ifdef VERSION_ONLY
		s0 = s;
#endif
		if :: !adopted && way!=MIME && ver0==sck && s0==s -> goto proved :: else fi;
		if :: !LIVE(s,src) || !LIVE(c,dst) -> AGAINST(look) :: else fi;
		if :: o[s/8].cont==o[c/8].cont && o[s/8].msg==o[c/8].msg -> goto proved :: else fi;
		if :: r2!=NIL && LIVE(r2,dst) && o[r2/8].cont==o[s/8].cont -> k = c; c = r2; r2 = k; k = c1; c1 = c2; c2 = k; k = 0; goto proved :: else fi;
		if :: !free0 -> told = 1; UNDECIDED :: else fi
	}
	/* none matches: put aside, and leave the original */
	shelve(c, c1, dst);
	if :: r2!=NIL -> shelve(r2, c2, dst) :: else fi;
	if :: adopted -> told = 1; goto fin :: else -> goto abandon fi;
proved:
	if :: r2!=NIL -> shelve(r2, c2, dst); r2 = NIL :: else fi;
	CRASH;
	atomic {                                   /* DeleteItem by the id and the version of this look */
		if
		:: CKOK(s,src,sck) ->
			if :: o[s/8].alive = 0; o[s/8].hid = 0; ack = 1
			   :: lies > 0 -> lies--; ack = 1
			   :: faults > 0 -> faults--; o[s/8].alive = 0; o[s/8].hid = 0
			   :: faults > 0 -> faults--
			   :: faults > 0 && lk==0 -> faults--; lk = 4; lid = s; ldst = src; lck = sck
			fi
		:: else fi;
		whole()
	}
	CRASH;
	atomic {
		if :: !LIVE(s,src) && ack -> ack = 0 :: else -> ack = 0; AGAINST(look) fi
	}
#ifndef NO_STRAYED
	search(src, dir, a);                       /* nothing was removed, and its owner moved it? */
	atomic { if :: r1!=NIL -> r1 = NIL; r2 = NIL; AGAINST(look) :: else fi }
#endif
	removed = 1;
	goto arrived_read;
arrived:
	if :: r2!=NIL -> shelve(r2, c2, dst); r2 = NIL :: else fi;
	CRASH;
arrived_read:
	atomic {
		if :: LIVE(c,dst) && (CARRIES(c,dir,a) || dir==TOU && o[c/8].sdir==NO) -> skip
		   :: else -> AGAINST(look) fi;
#ifdef SAYS
		/* what the outcome says: nothing with the attempt is left where it was */
		assert(!SOMEST(src,dir,a) || COPIES > 0);
#endif
		if :: dir==TOQ -> ja = 0; goto fin :: else fi
	}
release:        /* a restore: the stamp comes off, and is read back */
	CRASH;
	if
	:: !LIVE(c,dst) -> search(dst, dir, a);
		atomic { if :: r1==NIL -> r2 = NIL; ja = 0; goto fin :: else -> c = r1; c1 = o[r1/8].ck; r1 = NIL; r2 = NIL fi }
	:: else -> atomic { if :: LIVE(c,dst) -> c1 = o[c/8].ck :: else -> c1 = 0 fi }
	fi;
	atomic { if :: LIVE(c,dst) && !CARRIES(c,dir,a) -> ja = 0; goto fin :: else fi };
	atomic {
		if :: CKOK(c,dst,c1) && CARRIES(c,dir,a) -> stamp(c,NO,0)
		   :: faults > 0 -> faults--
		   :: !CKOK(c,dst,c1) fi;
		tries++; if :: tries > TRIES+1 -> told = 1; UNDECIDED :: else fi
	}
	goto release;

returned:       /* nothing in quarantine: is it back? */
	search(dst, NIL, NIL);
	atomic {
		if :: r1==NIL -> missed = 1; goto fin :: else fi;
		if :: !LIVE(r1,dst) -> AGAINST(start)
		   :: LIVE(r1,dst) && o[r1/8].sdir==NO -> goto fin                 /* alreadyRestored */
		   :: LIVE(r1,dst) && o[r1/8].sdir==TOQ -> told = 1; goto fin      /* a quarantine is in progress or was interrupted */
		   :: else fi;
#ifdef RELEASE_AT_ONCE
		c = r1; a = o[r1/8].satt; r1 = NIL; r2 = NIL; goto release
#endif
		/* its restore may still be at work, or a search not show what is left: go on with it */
		a = o[r1/8].satt; s = NIL; r1 = NIL; r2 = NIL; adopted = 1; FRESH
	}
	goto look;

exhausted:
	if :: (!adopted && !inflt || expired[a]) && !adopted -> goto abandon :: else -> UNDECIDED fi;
stopped:        /* it could not be marked */
	if :: markdoubt -> UNDECIDED :: else -> goto abandon fi;
abandon:        /* the item gets the stamp that it had */
	CRASH;
	if
	:: !LIVE(s,src) -> search(src, dir, a);
		atomic { if :: r1!=NIL && LIVE(r1,src) -> see(r1,src) :: else fi; r1=NIL; r2=NIL }
	:: else fi;
	atomic {
		if :: LIVE(s,src) && CARRIES(s,dir,a) && CKOK(s,src,sck) -> stamp(s,(dir==TOQ -> NO : bsd),(dir==TOQ -> 0 : bsa))
		   :: LIVE(s,src) && CARRIES(s,dir,a) && !CKOK(s,src,sck) -> sck = o[s/8].ck; goto abandon
		   :: else fi;
		bsd = NO; bsa = 0
	}
	atomic {
		ja = 0;
		if :: gone && tries <= TRIES -> gone = 0; renew = 0; goto start :: else -> told = 1; goto fin fi
	}

crash:  /* another process: it has the journal, or nothing */
	atomic {
		s=NIL; c=NIL; r1=NIL; r2=NIL; c1=0; c2=0; k=0; sck=0; ssd=0; ssa=0; bsd=0; bsa=0; emsg=0; econt=0; esd=0; esa=0;
		tries=0; adopted=0; markdoubt=0; ack=0; renew=0; gone=0; und=0; recovering=0; nw=0; way=way0; FRESH;
#ifdef MARKWAIT
		im[me] = 0;
#endif
#ifdef NOJOURNAL
		ja = 0;
#endif
		a = 0; if :: ja==0 -> goto start :: else fi
	}
recover:        /* by the intent */
	atomic {
		a = ja; s = js; recovering = 1;
		if :: LIVE(s,src) && CARRIES(s,dir,a) -> adopted = 1; goto look
		   :: LIVE(s,src) && dir==TOU && o[s/8].sdir==NO -> UNDECIDED
		   :: LIVE(s,src) && !CARRIES(s,dir,a) && !(dir==TOU && o[s/8].sdir==NO) -> see(s,src)
		   :: else -> adopted = 1; goto look fi
	}
#ifndef RECOVER_ANEW    /* it may have been carried before it lost its stamp */
	search(dst, dir, a);
	atomic { if :: r1!=NIL -> told = 1; UNDECIDED :: else fi };
#endif
	atomic { a = 0; goto hold };
fin:
	/* undecided: run or recovered again, when nothing can land any more */
	if
	:: und && again < AGAIN ->
#ifdef MARKWAIT
		im[me] = 0;
#endif
		atomic { lk==0 && HIDMASK==0 && ALLEXP -> again++; goto crash }
	:: else -> skip
	fi;
	atomic {
#ifdef MARKWAIT
		im[me] = 0;
#endif
		undec = undec + und; s=NIL; c=NIL; r1=NIL; r2=NIL; c1=0; c2=0; k=0; sck=0; ssd=0; ssa=0; bsd=0; bsa=0; tries=0; js=NIL; ja=0; a=0; way=0;
		adopted=0; markdoubt=0; ack=0; renew=0; gone=0; und=0; recovering=0; free0=0; okS=0; okC=0; seen=0; nw=0; FRESH; ended++
	}
}

init { atomic {
	if :: DIR1==TOQ || DIR2==TOQ && NRUN==2 -> create(USER, 0, 0, NO, 0)
	   :: else -> create(QUAR, 0, 0, TOQ, 0) fi;
	expired[0] = 1; lag = LAG;
	if :: TWIN -> create((DIR1==TOQ -> USER : QUAR), 1, 0, NO, 0) :: else fi;
	run Run(0, DIR1, WAY);
	if :: NRUN==2 -> run Run(1, DIR2, WAY2) :: else fi
} }
