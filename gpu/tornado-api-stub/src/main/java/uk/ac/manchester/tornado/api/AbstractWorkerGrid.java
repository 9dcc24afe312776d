package uk.ac.manchester.tornado.api;

/** What grids have in common. */
public abstract class AbstractWorkerGrid implements WorkerGrid {
    @Override
    public void setGlobalWork(long x, long y, long z) {}

    @Override
    public void setLocalWork(long x, long y, long z) {}
}
