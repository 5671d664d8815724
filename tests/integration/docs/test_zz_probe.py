import time, pytest
from shared.messaging.actor import actor
from shared.messaging.middleware import *
from shared.messaging.outbox import publish
from shared.messaging.testing import *
from tests.toyshop.contracts import *
def pers():
    now=time.time(); out={}
    for per in range(2000,9000,7):
        out.setdefault(int(now%per/per*8),per)
    return sorted(out.items())
@pytest.mark.parametrize("phase,per",pers())
def test_phase(database,phase,per):
    i=Inline(database.engine,[actor(PackToy,queue="toyshop.default",middleware=[RateLimited("k",2,per=per)])(lambda *_:None)])
    with i.work() as s:
        for n in range(7): publish(s,PackToy(number=n))
    a=[r.outcome for r in i.drain()]; t0=i.now(); b=[r.outcome for r in i.drain_all()]
    assert (a,b)==(["done"]*2+["snoozed"]*5,["done"]*5)
    assert (i.now()-t0).total_seconds() <= 3*per+5
