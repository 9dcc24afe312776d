package uk.ac.manchester.tornado.api;

/** The grid of each task, by "graph.task". */
public class GridScheduler {
    public void addWorkerGrid(String taskName, WorkerGrid workerGrid) {}
}
