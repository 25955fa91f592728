import sys,time,runpy,functools
sys.path.insert(0,'/work/main/tests/programs')
sys.dont_write_bytecode=True
import lab
t0=time.time()
depth=0
def wrap(cls,name):
    f=getattr(cls,name)
    @functools.wraps(f)
    def g(*a,**k):
        global depth
        depth+=1
        t=time.time()
        try: return f(*a,**k)
        finally:
            depth-=1
            print('  '*depth, f"{time.time()-t:6.2f} {name} {str(a[1:])[:110]}",file=sys.stderr,flush=True)
    setattr(cls,name,g)
for n in ('danted','nginx','ssh_keys','sshd','ssh_dynamic','tor','serve','ip','namespaces','cable','run','socksctl'): wrap(lab.Lab,n)
sys.argv=['run']+sys.argv[1:]
runpy.run_path('/work/main/tests/programs/run',run_name='__main__')
