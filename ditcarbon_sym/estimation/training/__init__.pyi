from .answer import Training as Training, train as train
